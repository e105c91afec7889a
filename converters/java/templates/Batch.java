package $package;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
$imports
/**
 * Memory for rows of {@link ${prefix}Model}, owned by the caller: filled, scored and read again and
 * again without garbage, and without a copy between Java and the runtime.
 *
 * <p>Fill it with {@link #put}, or write numbers straight into the input buffers, row after row,
 * and say how many rows there are with {@link #rows(int)}; then {@link
 * ${prefix}Model#score(${prefix}Batch)}, then read the output buffers. What is written into the
 * buffers is not checked: it is up to the caller that no number is NaN where none may be missing.
 *
 * <p>For one thread at a time.
 */
public final class ${prefix}Batch implements AutoCloseable {
  private static final Set<String> TEXT_OUTPUTS = textOutputs();

  private final int capacity;
  private final ByteBuffer[] numbers = new ByteBuffer[Feeds.INPUTS.size()];
  private final String[][] texts = new String[Feeds.INPUTS.size()][];
  private final ByteBuffer[] answers = new ByteBuffer[Feeds.OUTPUTS.size()];
  private final String[][] answeredTexts = new String[Feeds.OUTPUTS.size()][];
$views  private final Map<String, OnnxTensor> inputs = new HashMap<>();
  private final Map<String, OnnxTensor> outputs = new HashMap<>();
  private int rows;
  private int bound = -1;
  private boolean closed;

  /**
   * Memory for so many rows.
   *
   * @throws IllegalArgumentException if there are less than one, or too many for Java's buffers
   */
  public ${prefix}Batch(int capacity) {
    if (capacity < 1) {
      throw new IllegalArgumentException("a batch holds one row at least, not " + capacity);
    }
    this.capacity = capacity;
    allocate(Feeds.INPUTS, numbers, texts, capacity);
    allocate(Feeds.OUTPUTS, answers, answeredTexts, capacity);
$view_code  }

  /** How many rows it can hold. */
  public int capacity() {
    return capacity;
  }

  /** How many rows it holds. */
  public int rows() {
    return rows;
  }

  /**
   * Says how many rows have been written into the input buffers.
   *
   * @throws IllegalArgumentException if it cannot hold so many
   */
  public ${prefix}Batch rows(int count) {
    if (count < 0 || count > capacity) {
      throw new IllegalArgumentException("the batch holds " + capacity + " rows, not " + count);
    }
    rows = count;
    return this;
  }

  /** Forgets all rows. */
  public ${prefix}Batch clear() {
    return rows(0);
  }

  /**
   * Adds a row.
   *
   * @throws IllegalArgumentException if it is full
   */
  public ${prefix}Batch put(${prefix}Input row) {
    Objects.requireNonNull(row, "row");
    int at = rows;
    rows(at + 1);
    for (int i = 0; i < numbers.length; i++) {
      if (numbers[i] != null) {
        numbers[i].position(at * (numbers[i].capacity() / capacity));
      }
    }
    row.put(numbers, texts, at);
    return this;
  }

$accessors  /** Scores the rows that are here; a model that is open holds its lock meanwhile. */
  synchronized void score(OrtEnvironment environment, OrtSession session) throws OrtException {
    if (closed) {
      throw new IllegalStateException("this ${prefix}Batch is closed");
    }
    if (rows == 0) {
      return;
    }
    bind(environment);
    try {
      bindTexts(environment);
      try (OrtSession.Result result = session.run(inputs, TEXT_OUTPUTS, outputs)) {
        for (int i = 0; i < answers.length; i++) {
          if (answeredTexts[i] != null) {
            Feeds.Feed feed = Feeds.OUTPUTS.get(i);
            Tensors.texts(result, feed.name(), answeredTexts[i], rows * feed.width());
          }
        }
      }
    } finally {
      freeTexts();
    }
  }

  /** Frees what the runtime holds of it. Closing twice is harmless. */
  @Override
  public synchronized void close() {
    closed = true;
    free();
  }

  /** Has tensors over the first rows of the buffers; kept until there are more or fewer rows. */
  private void bind(OrtEnvironment environment) throws OrtException {
    if (rows == bound) {
      return;
    }
    free();
    bind(environment, Feeds.INPUTS, numbers, inputs);
    bind(environment, Feeds.OUTPUTS, answers, outputs);
    bound = rows;
  }

  private void bind(
      OrtEnvironment environment,
      List<Feeds.Feed> feeds,
      ByteBuffer[] buffers,
      Map<String, OnnxTensor> to)
      throws OrtException {
    for (int i = 0; i < buffers.length; i++) {
      if (buffers[i] != null) {
        Feeds.Feed feed = feeds.get(i);
        ByteBuffer part =
            buffers[i].duplicate().clear().limit(rows * (buffers[i].capacity() / capacity));
        to.put(
            feed.name(),
            OnnxTensor.createTensor(
                environment, part.order(ByteOrder.nativeOrder()), feed.of(rows), feed.type()));
      }
    }
  }

  private void bindTexts(OrtEnvironment environment) throws OrtException {
    for (int i = 0; i < texts.length; i++) {
      if (texts[i] != null) {
        Feeds.Feed feed = Feeds.INPUTS.get(i);
        // The runtime would end the JVM at a null, and garble what it cannot carry.
        String[] part = Arrays.copyOf(texts[i], rows * feed.width());
        for (String text : part) {
          Values.passable(text, feed.name());
        }
        inputs.put(feed.name(), OnnxTensor.createTensor(environment, part, feed.of(rows)));
      }
    }
  }

  private void freeTexts() {
    for (int i = 0; i < texts.length; i++) {
      OnnxTensor tensor = texts[i] == null ? null : inputs.remove(Feeds.INPUTS.get(i).name());
      if (tensor != null) {
        tensor.close();
      }
    }
  }

  private void free() {
    bound = -1;
    inputs.values().forEach(OnnxTensor::close);
    inputs.clear();
    outputs.values().forEach(OnnxTensor::close);
    outputs.clear();
  }

  private static void allocate(
      List<Feeds.Feed> feeds, ByteBuffer[] numbers, String[][] texts, int rows) {
    for (int i = 0; i < numbers.length; i++) {
      Feeds.Feed feed = feeds.get(i);
      if (feed.text()) {
        texts[i] = new String[Math.multiplyExact(rows, feed.width())];
      } else {
        int bytes = Math.multiplyExact(rows, feed.width() * feed.type().size);
        numbers[i] = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
      }
    }
  }

  private static Set<String> textOutputs() {
    Set<String> found = new HashSet<>();
    for (Feeds.Feed feed : Feeds.OUTPUTS) {
      if (feed.text()) {
        found.add(feed.name());
      }
    }
    return Set.copyOf(found);
  }
}
