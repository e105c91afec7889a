package io.crossport.spring;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * A loaded build, and the calls that it answers now. It is closed by whoever leaves it last: the
 * model's own lock keeps native memory from a call that has begun, and not a call from finding the
 * model closed that was handed out to it just before.
 */
final class Build {
  private static final Log LOG = LogFactory.getLog(Build.class);

  private final ModelBuild told;
  private final Scoring scoring;
  private final AutoCloseable resource;
  // One for being in use at all, and one a call.
  private final AtomicInteger holders = new AtomicInteger(1);

  /** How a build takes and gives the classes that the application was compiled against. */
  interface Scoring {
    /** The answer to one row. */
    Object score(Object row);

    /** The answers to many rows, in their order. */
    List<?> score(List<?> rows);
  }

  /**
   * A build that nobody calls yet.
   *
   * @param told which one it is
   * @param scoring how it is called
   * @param resource what is closed when it is not needed any longer
   */
  Build(ModelBuild told, Scoring scoring, AutoCloseable resource) {
    this.told = told;
    this.scoring = scoring;
    this.resource = resource;
  }

  /** The build on the application's own class path. */
  static Build own(ModelClass type, AutoCloseable model) {
    Scoring direct =
        new Scoring() {
          @Override
          public Object score(Object row) {
            return type.score(model, row);
          }

          @Override
          public List<?> score(List<?> rows) {
            return type.score(model, rows);
          }
        };
    return new Build(type.build(), direct, model);
  }

  ModelBuild told() {
    return told;
  }

  Scoring scoring() {
    return scoring;
  }

  /** Whether a call may use it; it must {@link #leave} then. False once it is on its way out. */
  boolean enter() {
    int now = holders.get();
    while (now > 0) {
      if (holders.compareAndSet(now, now + 1)) {
        return true;
      }
      now = holders.get();
    }
    return false;
  }

  /** A call has ended, or it is not in use any longer. */
  void leave() {
    if (holders.decrementAndGet() == 0) {
      try {
        resource.close();
      } catch (Exception failed) {
        // The answer of the call that left last is right all the same.
        LOG.warn("Build " + told + " could not be closed.", failed);
      }
    }
  }
}
