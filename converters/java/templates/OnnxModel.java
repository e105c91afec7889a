package $package;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
$javadoc
 *
 * <p>Safe for use by many threads. Load it once and keep it: loading is slow, scoring is fast.
 */
public final class ${prefix}Model implements AutoCloseable {
  /** Rows that go to the runtime in one call; bounds the buffers that a thread keeps. */
  private static final int MOST_ROWS = $most_rows;

  private final OrtEnvironment environment;
  private final OrtSession session;
  private final ThreadLocal<Buffers> buffers = ThreadLocal.withInitial(Buffers::new);
  // Running a closed session, or closing a running one, would end the JVM: scoring holds the read
  // lock, closing takes the write lock.
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean closed;

  private ${prefix}Model(OrtEnvironment environment, OrtSession session) {
    this.environment = environment;
    this.session = session;
  }

  /**
   * Loads the model that is in this jar.
   *
   * @throws IOException if it cannot be read, or is not the model that was proven
   */
  public static ${prefix}Model load() throws IOException {
    return ModelFile.isLarge()
        ? open(ModelFile.extracted(), null)
        : open(null, ModelFile.content());
  }

  /**
   * Loads the model from a file, which must be the one that was proven.
   *
   * @throws IOException if it cannot be read, or is not the model that was proven
   */
  public static ${prefix}Model load(Path file) throws IOException {
    return open(ModelFile.proven(file), null);
  }

  /**
   * Loads the model from memory, which must hold the one that was proven.
   *
   * @throws IOException if it is not the model that was proven
   */
  public static ${prefix}Model load(byte[] content) throws IOException {
    return open(null, ModelFile.proven(content));
  }

  private static ${prefix}Model open(Path file, byte[] content) throws IOException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      OrtSession session =
          content == null
              ? environment.createSession(file.toString(), options)
              : environment.createSession(content, options);
      return new ${prefix}Model(environment, session);
    } catch (OrtException e) {
      throw new IOException("ONNX Runtime cannot open the model: " + e.getMessage(), e);
    }
  }

  /**
   * Scores one row.
   *
   * @throws IllegalStateException if this model is closed, or the runtime fails
   */
  public ${prefix}Output score(${prefix}Input row) {
    return score(List.of(row)).get(0);
  }

  /**
   * Scores many rows; much faster than one by one.
   *
   * @return one output a row, in the same order
   * @throws IllegalStateException if this model is closed, or the runtime fails
   */
  public List<${prefix}Output> score(List<${prefix}Input> rows) {
    List<${prefix}Output> outputs = new ArrayList<>(rows.size());
    lock.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException("this ${prefix}Model is closed");
      }
      for (int from = 0; from < rows.size(); from += MOST_ROWS) {
        score(rows.subList(from, Math.min(from + MOST_ROWS, rows.size())), outputs);
      }
    } catch (OrtException e) {
      throw new IllegalStateException("ONNX Runtime cannot score: " + e.getMessage(), e);
    } finally {
      lock.readLock().unlock();
    }
    return outputs;
  }

  private void score(List<${prefix}Input> rows, List<${prefix}Output> outputs) throws OrtException {
    Buffers filled = buffers.get().fill(rows);
    Map<String, OnnxTensor> inputs = new HashMap<>();
    try {
      for (int i = 0; i < Schema.FEEDS.size(); i++) {
        Schema.Feed feed = Schema.FEEDS.get(i);
        inputs.put(feed.name(), filled.tensor(environment, i, rows.size()));
      }
      try (OrtSession.Result result = session.run(inputs, Schema.OUTPUTS)) {
        ${prefix}Output.read(result, rows.size(), outputs);
      }
    } finally {
      OnnxValue.close(inputs);
    }
  }

  /** Frees the native memory; waits for rows that are being scored. Closing twice is harmless. */
  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        session.close();
      }
    } catch (OrtException e) {
      throw new IllegalStateException("ONNX Runtime cannot close: " + e.getMessage(), e);
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** One thread's input memory, outside the heap so that the runtime reads it without a copy. */
  private static final class Buffers {
    private final ByteBuffer[] numbers = new ByteBuffer[Schema.FEEDS.size()];
    private final String[][] texts = new String[Schema.FEEDS.size()][];
    private int capacity;

    Buffers fill(List<${prefix}Input> rows) {
      reserve(rows.size());
      for (int i = 0; i < rows.size(); i++) {
        rows.get(i).put(numbers, texts, i);
      }
      return this;
    }

    OnnxTensor tensor(OrtEnvironment environment, int at, int rows) throws OrtException {
      Schema.Feed feed = Schema.FEEDS.get(at);
      long[] shape = feed.shape(rows);
      return feed.type() == OnnxJavaType.STRING
          ? OnnxTensor.createTensor(environment, texts[at], shape)
          : OnnxTensor.createTensor(environment, numbers[at].flip(), shape, feed.type());
    }

    private void reserve(int rows) {
      boolean grow = rows > capacity;
      for (int i = 0; i < numbers.length; i++) {
        Schema.Feed feed = Schema.FEEDS.get(i);
        if (feed.type() == OnnxJavaType.STRING) {
          texts[i] = new String[rows * feed.width()];
        } else if (grow) {
          int bytes = Math.multiplyExact(rows, feed.width() * feed.type().size);
          numbers[i] = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        } else {
          numbers[i].clear();
        }
      }
      capacity = Math.max(capacity, rows);
    }
  }
}
