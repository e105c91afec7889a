package example.fraud;

import java.util.List;

/** One row, in the shape of generated code. */
public record FraudInput(Double amount, String city, Channel channel) {
  /** A closed category. */
  public enum Channel {
    WEB("web"),
    SHOP("shop");

    private final String text;

    Channel(String text) {
      this.text = text;
    }

    public String text() {
      return text;
    }

    public static Channel of(String text) {
      for (Channel one : values()) {
        if (one.text.equals(text)) {
          return one;
        }
      }
      throw new IllegalArgumentException("`channel` is not '" + text + "'");
    }
  }

  public static final List<String> COLUMNS = List.of("amount", "city", "channel");

  public FraudInput {
    if (channel == null) {
      throw new IllegalArgumentException("`channel` must not be null");
    }
  }
}
