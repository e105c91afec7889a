package $package;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;

/** Text that the model answers, which the runtime gives as nested arrays. */
final class Tensors {
  private Tensors() {}

  /** Fills in an output's values, row after row. */
  static void texts(OrtSession.Result result, String name, String[] to, int count)
      throws OrtException {
    if (!(result.get(name).orElse(null) instanceof OnnxTensor tensor)) {
      throw new IllegalStateException("the model gave no tensor " + name);
    }
    int filled = flatten(tensor.getValue(), to, 0);
    if (filled != count) {
      throw new IllegalStateException(name + " has " + filled + " values instead of " + count);
    }
  }

  private static int flatten(Object from, String[] to, int at) {
    if (from instanceof Object[] parts) {
      int next = at;
      for (Object part : parts) {
        next = flatten(part, to, next);
      }
      return next;
    }
    to[at] = (String) from;
    return at + 1;
  }
}
