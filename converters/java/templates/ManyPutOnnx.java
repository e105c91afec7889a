  /** Adds this row to the tensors: numbers at the buffers' positions, text by row. */
  void put(ByteBuffer[] numbers, String[][] strings, int row) {
    int next = 0;
    for (int feed = 0; feed < numbers.length; feed++) {
      int width = Feeds.INPUTS.get(feed).width();
      for (int i = 0; i < width; i++) {
        int at = POSITIONS[next++];
        if (numbers[feed] == null) {
          strings[feed][row * width + i] = texts[at] == null ? "" : texts[at];
        } else {
          put(numbers[feed], Feeds.INPUTS.get(feed).type(), at);
        }
      }
    }
  }

  private void put(ByteBuffer to, OnnxJavaType type, int at) {
    boolean real = TYPES.charAt(at) == 'd' || TYPES.charAt(at) == 'f';
    switch (type) {
      case DOUBLE -> to.putDouble(real ? reals[at] : wholes[at]);
      case FLOAT -> to.putFloat(real ? (float) reals[at] : wholes[at]);
      case INT64 -> to.putLong(real ? (long) reals[at] : wholes[at]);
      case INT32 -> to.putInt(real ? (int) reals[at] : (int) wholes[at]);
      case BOOL -> to.put((byte) ((real ? reals[at] != 0 : wholes[at] != 0) ? 1 : 0));
      default -> throw new IllegalStateException("no values of type " + type);
    }
  }

