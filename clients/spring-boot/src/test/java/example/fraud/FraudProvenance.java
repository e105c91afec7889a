package example.fraud;

/** Where it comes from. */
public final class FraudProvenance {
  public static final String VERSION = "1";
  public static final String SHA256 = "00" + VERSION;
  public static final String RUNTIME = "onnxruntime 1.29.0";
  public static final int BUILD = 1;

  private FraudProvenance() {}
}
