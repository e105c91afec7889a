package io.crossport.spring;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.springframework.beans.factory.ObjectProvider;

/** A model whose build may change between two calls, and never within one. */
final class LiveModel implements CrossportModel<Object, Object>, AutoCloseable {
  private final String name;
  private final ModelClass type;
  private final CrossportProperties.Model wanted;
  private final AutoCloseable own;
  private final AtomicReference<Build> current;
  private final LastRows last;
  private volatile Following following = Following.NOT_YET;
  private final List<ModelListener> listeners = new CopyOnWriteArrayList<>();

  private LiveModel(String name, ModelClass type, CrossportProperties.Model wanted) {
    this.name = name;
    this.type = type;
    this.wanted = wanted;
    this.own = type.load(wanted);
    this.current = new AtomicReference<>(Build.own(type, own));
    CrossportProperties.Swap swap = wanted.getSwap();
    this.last = new LastRows(swap.wanted() ? swap.getLiveRows() : 0);
  }

  /**
   * Loads the build that is on the class path.
   *
   * @throws IllegalStateException naming the class and why it cannot be loaded
   */
  static LiveModel load(String name, Class<?> type, CrossportProperties.Model wanted) {
    return new LiveModel(name, ModelClass.of(type), wanted);
  }

  /** Those of our own making: an application's tests may have others in their place. */
  static Stream<LiveModel> among(ObjectProvider<CrossportModel<?, ?>> models) {
    return models.orderedStream().filter(LiveModel.class::isInstance).map(LiveModel.class::cast);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public ModelBuild build() {
    return open().told();
  }

  @Override
  public Object score(Object row) {
    Objects.requireNonNull(row, "row");
    last.add(row);
    return timed(1, row, Build.Scoring::score);
  }

  @Override
  public List<Object> score(List<Object> rows) {
    rows.forEach(row -> Objects.requireNonNull(row, "row"));
    last.addAll(rows);
    return new ArrayList<>(timed(rows.size(), rows, LiveModel::all));
  }

  private static List<?> all(Build.Scoring scoring, List<Object> rows) {
    return scoring.score(rows);
  }

  private <I, O> O timed(int rows, I asked, BiFunction<Build.Scoring, I, O> scored) {
    Build build = entered();
    long begun = System.nanoTime();
    boolean done = false;
    try {
      O answer = scored.apply(build.scoring(), asked);
      done = true;
      return answer;
    } finally {
      build.leave();
      long took = System.nanoTime() - begun;
      for (ModelListener one : listeners) {
        one.scored(rows, took, done);
      }
    }
  }

  /** The build of now, which the caller must leave. */
  private Build entered() {
    while (true) {
      Build build = open();
      // Where it is on its way out, another one has taken its place already.
      if (build.enter()) {
        return build;
      }
    }
  }

  private Build open() {
    Build build = current.get();
    if (build == null) {
      throw new IllegalStateException("the model " + name + " is closed");
    }
    return build;
  }

  /** The generated model itself; of the class path, and closed with this one. */
  Object own() {
    return own;
  }

  ModelClass type() {
    return type;
  }

  CrossportProperties.Model wanted() {
    return wanted;
  }

  List<Object> lastRows() {
    return last.all();
  }

  /** What is known of its alias. */
  Following following() {
    return following;
  }

  void note(Following known) {
    following = known;
  }

  /** What became of the last build that its alias moved to; null where it never did. */
  ModelSwapEvent last() {
    return following.last();
  }

  void listen(ModelListener listener) {
    listeners.add(listener);
  }

  List<ModelListener> listeners() {
    return listeners;
  }

  /** The answer of the build of now, which is neither measured nor kept. */
  Object shadow(Object row) {
    Build build = entered();
    try {
      return build.scoring().score(row);
    } finally {
      build.leave();
    }
  }

  /** Has another build answer from now on; closes it where the application is shutting down. */
  boolean replace(Build next) {
    Build before = current.get();
    while (before != null) {
      if (current.compareAndSet(before, next)) {
        before.leave();
        return true;
      }
      before = current.get();
    }
    next.leave();
    return false;
  }

  /** Closes the model when the last call has ended; later ones are refused. */
  @Override
  public void close() {
    Build before = current.getAndSet(null);
    if (before != null) {
      before.leave();
    }
  }

  @Override
  public String toString() {
    Build build = current.get();
    return build == null ? "closed" : build.told().toString();
  }
}
