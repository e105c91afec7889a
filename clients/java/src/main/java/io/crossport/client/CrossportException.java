package io.crossport.client;

/** What went wrong: a stable code for programs, a sentence for people. */
public class CrossportException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The code. */
  private final String code;

  /** The sentence. */
  private final String detail;

  /** The HTTP status, or 0. */
  private final int status;

  CrossportException(String code, String detail, int status, Throwable cause) {
    super(code + ": " + detail, cause);
    this.code = code;
    this.detail = detail;
    this.status = status;
  }

  /** What it is called, the same in every version: {@code no_route}, {@code wrong_sum} … */
  public String code() {
    return code;
  }

  /** What is wrong and what to do, as a sentence for people. */
  public String detail() {
    return detail;
  }

  /** The status of the HTTP answer that said so; 0 where none did. */
  public int status() {
    return status;
  }
}
