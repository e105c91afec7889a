package PACKAGE;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Scores the golden rows again and again, in memory of the caller's own and as records; prints the
 * least microseconds of a call, a line a number of rows: `rows own records`.
 */
final class Throughput {
  private static final int ROUNDS = 40;
  private static double sink;

  public static void main(String[] arguments) throws Exception {
    try (PREFIXModel model = PREFIXModel.load()) {
      List<PREFIXInput> golden = List.copyOf(GoldenInputs.read().values());
      for (String argument : arguments) {
        int rows = Integer.parseInt(argument);
        List<PREFIXInput> inputs = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
          inputs.add(golden.get(i % golden.size()));
        }
        try (PREFIXBatch batch = new PREFIXBatch(rows)) {
          inputs.forEach(batch::put);
          double own = least(rows, () -> model.score(batch));
          double records = least(rows, () -> sink += model.score(inputs).get(0).label());
          System.out.printf(Locale.ROOT, "%d %.3f %.3f%n", rows, own, records);
        }
      }
    }
    if (Double.isNaN(sink)) {
      throw new IllegalStateException("no answers");
    }
  }

  private static double least(int rows, Runnable call) {
    int calls = Math.max(1, 20_000 / (rows + 20));
    double least = Double.MAX_VALUE;
    for (int round = 0; round < ROUNDS; round++) {
      long begun = System.nanoTime();
      for (int i = 0; i < calls; i++) {
        call.run();
      }
      least = Math.min(least, (System.nanoTime() - begun) / 1e3 / calls);
    }
    return least;
  }
}
