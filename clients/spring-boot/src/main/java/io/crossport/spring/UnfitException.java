package io.crossport.spring;

/** A build cannot answer an application that was compiled against another one; says why. */
final class UnfitException extends Exception {
  private static final long serialVersionUID = 1L;

  UnfitException(String why) {
    super(why);
  }
}
