package io.crossport.client;

/** An export led to no bundle: it was refused, crashed, was cancelled, or has not ended. */
public final class ExportFailedException extends CrossportException {
  private static final long serialVersionUID = 1L;

  /** The export's id. */
  private final long exportId;

  /** How it stands. */
  private final ExportState state;

  ExportFailedException(Export export, String code, String detail) {
    super(code, detail, 0, null);
    this.exportId = export.id();
    this.state = export.state();
  }

  /** Which export. */
  public long exportId() {
    return exportId;
  }

  /** How it stands; {@link ExportState#REFUSED} is for the model's owner to act on. */
  public ExportState state() {
    return state;
  }
}
