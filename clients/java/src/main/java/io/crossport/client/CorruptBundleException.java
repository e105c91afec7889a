package io.crossport.client;

/** What arrived, or what a file holds, is not what the sums say; nothing of it was kept. */
public final class CorruptBundleException extends CrossportException {
  private static final long serialVersionUID = 1L;

  CorruptBundleException(String code, String detail, Throwable cause) {
    super(code, detail, 0, cause);
  }
}
