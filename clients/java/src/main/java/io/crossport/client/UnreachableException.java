package io.crossport.client;

/**
 * There is no portal at the other end: nothing answers ({@code unreachable}), the answer broke off
 * ({@code broken_off}), something else answers ({@code not_crossport}), or it leads elsewhere
 * ({@code redirected}).
 */
public final class UnreachableException extends CrossportException {
  private static final long serialVersionUID = 1L;

  UnreachableException(String code, String detail, int status, Throwable cause) {
    super(code, detail, status, cause);
  }
}
