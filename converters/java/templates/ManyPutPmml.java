  /** Adds this row's values under the columns' own names; null where missing. */
  void put(Map<String, Object> to) {
    for (int i = 0; i < COLUMNS.size(); i++) {
      to.put(COLUMNS.get(i), value(i));
    }
  }

  private Object value(int at) {
    return switch (TYPES.charAt(at)) {
      case 'd' -> Double.isNaN(reals[at]) ? null : (Object) reals[at];
      case 'f' -> Double.isNaN(reals[at]) ? null : (Object) (float) reals[at];
      case 'i' -> (int) wholes[at];
      case 'l' -> wholes[at];
      case 'z' -> wholes[at] != 0;
      default -> texts[at];
    };
  }

