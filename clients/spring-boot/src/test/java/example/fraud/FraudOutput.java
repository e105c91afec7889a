package example.fraud;

import java.util.List;

/** One answer, in the shape of generated code. */
public record FraudOutput(Label label, double[] probabilities) {
  /** A class. */
  public enum Label {
    NO("no"),
    YES("yes");

    private final String text;

    Label(String text) {
      this.text = text;
    }

    public String text() {
      return text;
    }
  }

  public static final List<Label> CLASSES = List.of(Label.values());

  @Override
  public double[] probabilities() {
    return probabilities.clone();
  }
}
