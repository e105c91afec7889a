package $package;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
$javadoc
 *
 * <p>Safe for use by many threads. Load it once and keep it: loading is slow, scoring is fast.
 */
public final class ${prefix}Model implements AutoCloseable {
  /** Rows that go to the runtime in one call; bounds the memory that is kept for them. */
  private static final int MOST_ROWS = $most_rows;

  private final OrtEnvironment environment;
  private final OrtSession session;
  // Memory of calls that are over, for those to come.
  private final BlockingQueue<${prefix}Batch> spare = new ArrayBlockingQueue<>(2 * Runtime.getRuntime().availableProcessors());
  // Running a closed session, or closing a running one, would end the JVM: scoring holds the read
  // lock, closing takes the write lock.
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private volatile boolean closed;

  private ${prefix}Model(OrtEnvironment environment, OrtSession session) {
    this.environment = environment;
    this.session = session;
  }

  /**
   * Loads the model that is in this jar, to be run as it was proven.
   *
   * @throws IOException if it cannot be read, or is not the model that was proven
   */
  public static ${prefix}Model load() throws IOException {
    return load(${prefix}Options.PROVEN);
  }

  /**
   * Loads the model that is in this jar.
   *
   * @throws IOException if it cannot be read, is not the model that was proven, or cannot be run so
   */
  public static ${prefix}Model load(${prefix}Options options) throws IOException {
    return ModelFile.isLarge()
        ? open(ModelFile.extracted(), null, options)
        : open(null, ModelFile.content(), options);
  }

  /**
   * Loads the model from a file, which must be the one that was proven.
   *
   * @throws IOException if it cannot be read, or is not the model that was proven
   */
  public static ${prefix}Model load(Path file) throws IOException {
    return load(file, ${prefix}Options.PROVEN);
  }

  /**
   * Loads the model from a file, which must be the one that was proven.
   *
   * @throws IOException if it cannot be read, is not the model that was proven, or cannot be run so
   */
  public static ${prefix}Model load(Path file, ${prefix}Options options) throws IOException {
    return open(ModelFile.proven(file), null, options);
  }

  /**
   * Loads the model from memory, which must hold the one that was proven.
   *
   * @throws IOException if it is not the model that was proven
   */
  public static ${prefix}Model load(byte[] content) throws IOException {
    return load(content, ${prefix}Options.PROVEN);
  }

  /**
   * Loads the model from memory, which must hold the one that was proven.
   *
   * @throws IOException if it is not the model that was proven, or cannot be run so
   */
  public static ${prefix}Model load(byte[] content, ${prefix}Options options) throws IOException {
    return open(null, ModelFile.proven(content), options);
  }

  private static ${prefix}Model open(Path file, byte[] content, ${prefix}Options options) throws IOException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions chosen = options.forSession()) {
      OrtSession session =
          content == null
              ? environment.createSession(file.toString(), chosen)
              : environment.createSession(content, chosen);
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
    Objects.requireNonNull(row, "row");
    ${prefix}Batch batch = borrow(1);
    try {
      score(batch.clear().put(row));
      return ${prefix}Output.read(batch, 0);
    } finally {
      giveBack(batch);
    }
  }

  /**
   * Scores many rows; much faster than one by one.
   *
   * @return one output a row, in the same order
   * @throws IllegalStateException if this model is closed, or the runtime fails
   */
  public List<${prefix}Output> score(List<${prefix}Input> rows) {
    List<${prefix}Output> outputs = new ArrayList<>(rows.size());
    ${prefix}Batch batch = borrow(Math.max(1, Math.min(rows.size(), MOST_ROWS)));
    try {
      batch.clear();
      for (${prefix}Input row : rows) {
        batch.put(row);
        if (batch.rows() == Math.min(batch.capacity(), MOST_ROWS)) {
          take(batch, outputs);
        }
      }
      take(batch, outputs);
    } finally {
      giveBack(batch);
    }
    return outputs;
  }

  private void take(${prefix}Batch batch, List<${prefix}Output> to) {
    score(batch);
    for (int i = 0; i < batch.rows(); i++) {
      to.add(${prefix}Output.read(batch, i));
    }
    batch.clear();
  }

  /**
   * Scores the rows in memory of the caller's own, and leaves the answers there.
   *
   * @throws IllegalStateException if this model or the batch is closed, or the runtime fails
   * @throws IllegalArgumentException naming an input that holds text that cannot be taken
   */
  public void score(${prefix}Batch batch) {
    lock.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException("this ${prefix}Model is closed");
      }
      batch.score(environment, session);
    } catch (OrtException e) {
      throw new IllegalStateException("ONNX Runtime cannot score: " + e.getMessage(), e);
    } finally {
      lock.readLock().unlock();
    }
  }

  private ${prefix}Batch borrow(int rows) {
    ${prefix}Batch batch = spare.poll();
    if (batch != null && batch.capacity() >= rows) {
      return batch;
    }
    if (batch != null) {
      batch.close();
    }
    return new ${prefix}Batch(rows);
  }

  private void giveBack(${prefix}Batch batch) {
    // One that comes back after the model was closed is nobody's.
    if (!spare.offer(batch) || (closed && spare.remove(batch))) {
      batch.close();
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
        List<${prefix}Batch> left = new ArrayList<>();
        spare.drainTo(left);
        left.forEach(${prefix}Batch::close);
      }
    } catch (OrtException e) {
      throw new IllegalStateException("ONNX Runtime cannot close: " + e.getMessage(), e);
    } finally {
      lock.writeLock().unlock();
    }
  }
}
