package PACKAGE;

import java.nio.file.Path;

/** Loads the model, from a path if one is given or else from the class path, and scores one row. */
final class FirstScore {
  public static void main(String[] arguments) throws Exception {
    PREFIXInput row = GoldenInputs.read().values().iterator().next();
    try (PREFIXModel model =
        arguments.length > 0 ? PREFIXModel.load(Path.of(arguments[0])) : PREFIXModel.load()) {
      System.out.println("scored " + model.score(row).prediction());
      // What follows, closing and ending, is no part of a start.
      System.out.flush();
      Thread.sleep(200);
    }
  }
}
