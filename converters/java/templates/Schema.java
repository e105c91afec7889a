package $package;

import ai.onnxruntime.OnnxJavaType;
$imports
/** What the model file calls its inputs and outputs. */
final class Schema {
$feeds
$outputs
  private Schema() {}

  /** One input of the model file. width: how many values it takes a row. */
  record Feed(String name, OnnxJavaType type, int width, List<Long> dimensions) {
    Feed(String name, OnnxJavaType type, long... dimensions) {
      this(
          name,
          type,
          Math.toIntExact(LongStream.of(dimensions).reduce(1, Math::multiplyExact)),
          LongStream.of(dimensions).boxed().toList());
    }

    /** The shape of a tensor of this many rows. */
    long[] shape(int rows) {
      return LongStream.concat(
              LongStream.of(rows), dimensions.stream().mapToLong(Long::longValue))
          .toArray();
    }
  }
}
