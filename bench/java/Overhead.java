package PACKAGE;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Four ways to score the same rows in the same session, taken in turn; prints the microseconds of
 * each, the least of many rounds: `rows bare batch arrays records`.
 */
final class Overhead {
  private static final int FEATURES = 30;
  private static double sink;

  public static void main(String[] arguments) throws Exception {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (PREFIXModel model = PREFIXModel.load()) {
      Field field = PREFIXModel.class.getDeclaredField("session");
      field.setAccessible(true);
      OrtSession session = (OrtSession) field.get(model);
      String input = session.getInputNames().iterator().next();
      List<PREFIXInput> golden = List.copyOf(GoldenInputs.read().values());
      for (String argument : arguments) {
        int rows = Integer.parseInt(argument);
        List<PREFIXInput> inputs = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
          inputs.add(golden.get(i % golden.size()));
        }
        try (PREFIXBatch batch = new PREFIXBatch(rows)) {
          inputs.forEach(batch::put);
          FloatBuffer filled = batch.inputX();
          FloatBuffer bare =
              ByteBuffer.allocateDirect(rows * FEATURES * 4)
                  .order(ByteOrder.nativeOrder())
                  .asFloatBuffer();
          float[][] arrays = new float[rows][FEATURES];
          for (int i = 0; i < rows * FEATURES; i++) {
            bare.put(i, filled.get(i));
            arrays[i / FEATURES][i % FEATURES] = filled.get(i);
          }
          long[] shape = {rows, FEATURES};
          Runnable[] ways = {
            () -> {
              try (OnnxTensor tensor = OnnxTensor.createTensor(environment, bare, shape);
                  OrtSession.Result result = session.run(Map.of(input, tensor))) {
                sink += ((OnnxTensor) result.get(0)).getLongBuffer().get(0);
                OnnxTensor scores = (OnnxTensor) result.get(1);
                FloatBuffer floats = scores.getFloatBuffer();
                sink += floats == null ? scores.getDoubleBuffer().get(0) : floats.get(0);
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            },
            () -> {
              model.score(batch);
              sink += batch.outputLabel().get(0) + batch.outputProbabilities().get(0);
            },
            () -> {
              try (OnnxTensor tensor = OnnxTensor.createTensor(environment, arrays);
                  OrtSession.Result result = session.run(Map.of(input, tensor))) {
                sink += ((long[]) result.get(0).getValue())[0];
                Object scores = result.get(1).getValue();
                sink += scores instanceof float[][] floats ? floats[0][0] : ((double[][]) scores)[0][0];
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            },
            () -> sink += model.score(inputs).get(0).label(),
          };
          double[] least = new double[ways.length];
          Arrays.fill(least, Double.MAX_VALUE);
          int calls = Math.max(1, 20_000 / (rows + 20));
          for (int round = 0; round < 60; round++) {
            for (int way = 0; way < ways.length; way++) {
              long begun = System.nanoTime();
              for (int call = 0; call < calls; call++) {
                ways[way].run();
              }
              least[way] = Math.min(least[way], (System.nanoTime() - begun) / 1e3 / calls);
            }
          }
          System.out.printf(
              Locale.ROOT,
              "%d %.3f %.3f %.3f %.3f%n",
              rows,
              least[0],
              least[1],
              least[2],
              least[3]);
        }
      }
    }
    if (Double.isNaN(sink)) {
      throw new IllegalStateException("no answers");
    }
  }
}
