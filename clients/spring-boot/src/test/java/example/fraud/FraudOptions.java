package example.fraud;

/** How it is run. */
public record FraudOptions(int threads, int cuda) {
  public static final FraudOptions PROVEN = new FraudOptions(1, -1);

  public FraudOptions withThreads(int count) {
    return new FraudOptions(count, cuda);
  }

  public FraudOptions withCuda(int device) {
    return new FraudOptions(threads, device);
  }
}
