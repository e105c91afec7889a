package $package;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;

/** Outputs of the model as arrays, row after row, through buffers and never through boxes. */
final class Tensors {
  private Tensors() {}

  static double[] doubles(OrtSession.Result result, String name, int count) {
    DoubleBuffer buffer = tensor(result, name).getDoubleBuffer();
    double[] values = new double[checked(buffer, name, count)];
    buffer.get(values);
    return values;
  }

  static float[] floats(OrtSession.Result result, String name, int count) {
    FloatBuffer buffer = tensor(result, name).getFloatBuffer();
    float[] values = new float[checked(buffer, name, count)];
    buffer.get(values);
    return values;
  }

  static long[] longs(OrtSession.Result result, String name, int count) {
    LongBuffer buffer = tensor(result, name).getLongBuffer();
    long[] values = new long[checked(buffer, name, count)];
    buffer.get(values);
    return values;
  }

  static int[] ints(OrtSession.Result result, String name, int count) {
    IntBuffer buffer = tensor(result, name).getIntBuffer();
    int[] values = new int[checked(buffer, name, count)];
    buffer.get(values);
    return values;
  }

  static boolean[] booleans(OrtSession.Result result, String name, int count) {
    ByteBuffer buffer = tensor(result, name).getByteBuffer();
    boolean[] values = new boolean[checked(buffer, name, count)];
    for (int i = 0; i < count; i++) {
      values[i] = buffer.get() != 0;
    }
    return values;
  }

  static String[] texts(OrtSession.Result result, String name, int count) throws OrtException {
    String[] values = new String[count];
    int filled = flatten(tensor(result, name).getValue(), values, 0);
    if (filled != count) {
      throw new IllegalStateException(name + " has " + filled + " values instead of " + count);
    }
    return values;
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

  private static OnnxTensor tensor(OrtSession.Result result, String name) {
    if (result.get(name).orElse(null) instanceof OnnxTensor tensor) {
      return tensor;
    }
    throw new IllegalStateException("the model gave no tensor " + name);
  }

  private static int checked(Buffer buffer, String name, int count) {
    if (buffer == null || buffer.remaining() != count) {
      throw new IllegalStateException(name + " is not of the type or size that was proven");
    }
    return count;
  }
}
