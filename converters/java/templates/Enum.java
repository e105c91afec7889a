  /** $javadoc */
  public enum $name {
$constants;

    private static final Map<String, $name> BY_TEXT = new LinkedHashMap<>();

    static {
      for ($name one : values()) {
        BY_TEXT.put(one.text, one);
      }
    }

    private final String text;

    $name(String text) {
      this.text = text;
    }

    /** The value as the model knows it. */
    public String text() {
      return text;
    }

    /**
     * The constant of a value; null for null.
     *
     * @throws IllegalArgumentException if the model does not know the value
     */
    public static $name of(String text) {
      $name known = text == null ? null : BY_TEXT.get(text);
      if (known == null && text != null) {
        throw new IllegalArgumentException(
            $column + " is one of " + BY_TEXT.keySet() + ", not '" + text + "'");
      }
      return known;
    }
  }

