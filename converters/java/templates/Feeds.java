package $package;

import ai.onnxruntime.OnnxJavaType;
$imports
/** The inputs and outputs of the model file, as the runtime knows them. */
final class Feeds {
$inputs
$outputs
  private Feeds() {}

  /** One input or output of the file; shape: of one row. */
  record Feed(String name, OnnxJavaType type, List<Long> shape) {
    Feed(String name, OnnxJavaType type, long... shape) {
      this(name, type, LongStream.of(shape).boxed().toList());
    }

    boolean text() {
      return type == OnnxJavaType.STRING;
    }

    /** How many values a row has. */
    int width() {
      return Math.toIntExact(shape.stream().reduce(1L, Math::multiplyExact));
    }

    /** The shape of a tensor of this many rows. */
    long[] of(int rows) {
      return LongStream.concat(LongStream.of(rows), shape.stream().mapToLong(Long::longValue))
          .toArray();
    }
  }
}
