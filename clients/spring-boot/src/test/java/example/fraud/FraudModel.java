package example.fraud;

import java.util.List;

/**
 * A model in the shape of generated code, whose answer is easily told: over a limit it is fraud.
 */
public final class FraudModel implements AutoCloseable {
  private static final double LIMIT = 100;
  public static volatile int open;

  private final FraudOptions options;
  private volatile boolean closed;

  private FraudModel(FraudOptions options) {
    this.options = options;
    open++;
  }

  public static FraudModel load() {
    return load(FraudOptions.PROVEN);
  }

  public static FraudModel load(FraudOptions options) {
    return new FraudModel(options);
  }

  public FraudOptions options() {
    return options;
  }

  public FraudOutput score(FraudInput row) {
    if (closed) {
      throw new IllegalStateException("this FraudModel is closed");
    }
    if ("Atlantis".equals(row.city())) {
      throw new IllegalArgumentException("`city` is not to be had");
    }
    double amount = row.amount() == null ? 0 : row.amount();
    double p = amount / (amount + LIMIT);
    return new FraudOutput(FraudOutput.CLASSES.get(p > 0.5 ? 1 : 0), new double[] {1 - p, p});
  }

  public List<FraudOutput> score(List<FraudInput> rows) {
    return rows.stream().map(this::score).toList();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      open--;
    }
  }
}
