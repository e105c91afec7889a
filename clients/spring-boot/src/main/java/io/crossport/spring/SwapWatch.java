package io.crossport.spring;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.SmartLifecycle;

/** Asks the portal what aliases mean, and swaps a model for the build that its alias moved to. */
final class SwapWatch implements SmartLifecycle {
  private static final Log LOG = LogFactory.getLog(SwapWatch.class);
  private static final int MOST_DOUBLINGS = 4;
  private static final int SECONDS_TO_END = 10;

  private final PortalRepository portal;
  private final List<LiveModel> models;
  private final ApplicationEventPublisher events;
  // By model: the alias's build that was dealt with last, and how many checks have failed since.
  private final Map<String, String> settled = new HashMap<>();
  private final Map<String, Integer> failures = new HashMap<>();
  private ScheduledExecutorService thread;

  SwapWatch(PortalRepository portal, List<LiveModel> models, ApplicationEventPublisher events) {
    this.portal = portal;
    this.models = models;
    this.events = events;
  }

  @Override
  public synchronized void start() {
    if (thread == null && !models.isEmpty()) {
      thread =
          Executors.newSingleThreadScheduledExecutor(
              task -> {
                Thread made = new Thread(task, "crossport-swap");
                made.setDaemon(true);
                return made;
              });
      models.forEach(model -> later(model, 0));
    }
  }

  @Override
  public void stop() {
    ScheduledExecutorService ending;
    synchronized (this) {
      ending = thread;
      thread = null;
    }
    if (ending != null) {
      ending.shutdownNow();
      try {
        ending.awaitTermination(SECONDS_TO_END, TimeUnit.SECONDS);
      } catch (InterruptedException stop) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public synchronized boolean isRunning() {
    return thread != null;
  }

  private synchronized void later(LiveModel model, long milliseconds) {
    try {
      if (thread != null) {
        thread.schedule(() -> watch(model), milliseconds, TimeUnit.MILLISECONDS);
      }
    } catch (RejectedExecutionException stopped) {
      LOG.debug("The application is shutting down.", stopped);
    }
  }

  private void watch(LiveModel model) {
    check(model);
    // A build that cannot be loaded is not downloaded every minute.
    int doublings = Math.min(failures.getOrDefault(model.name(), 0), MOST_DOUBLINGS);
    later(model, model.wanted().getSwap().getEvery().toMillis() << doublings);
  }

  /** Asks the portal once; whatever goes wrong, the build in use stays. */
  void check(LiveModel model) {
    try {
      ModelSwapEvent event = follow(model);
      failures.remove(model.name());
      model.note(new Following(Instant.now(), "", event == null ? model.last() : event));
      if (event != null) {
        tell(model, event);
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    } catch (IOException | RuntimeException | LinkageError failed) {
      failures.merge(model.name(), 1, Integer::sum);
      model.note(new Following(Instant.now(), String.valueOf(failed.getMessage()), model.last()));
      model.listeners().forEach(ModelListener::failed);
      LOG.warn(
          "The model " + model.name() + " stays at " + model + ": " + failed.getMessage(),
          failed instanceof IOException ? null : failed);
    }
  }

  private void tell(LiveModel model, ModelSwapEvent event) {
    LOG.info(
        "The model "
            + event.model()
            + ", "
            + event.from()
            + " to "
            + event.to()
            + ": "
            + event.outcome()
            + ". "
            + event.reason());
    model.listeners().forEach(one -> one.swapped(event));
    try {
      events.publishEvent(event);
    } catch (RuntimeException failed) {
      LOG.warn("A listener failed.", failed);
    }
  }

  /** What became of the alias's build; null where there is no new one. */
  private ModelSwapEvent follow(LiveModel model) throws IOException, InterruptedException {
    CrossportProperties.Swap swap = model.wanted().getSwap();
    String stamped = portal.current(swap.getCoordinates(), swap.getAlias());
    if (stamped.equals(settled.get(model.name()))) {
      return null;
    }
    Path folder = Files.createTempDirectory("crossport-");
    Path jar = folder.resolve("model.jar");
    FollowedBuild build;
    try {
      portal.fetch(swap.getCoordinates(), swap.getAlias(), stamped, jar);
      build = new FollowedBuild(jar, model.type());
    } catch (IOException | InterruptedException failed) {
      Files.deleteIfExists(jar);
      Files.deleteIfExists(folder);
      throw failed;
    }
    ModelSwapEvent event = decided(model, build);
    settled.put(model.name(), stamped);
    return event;
  }

  private ModelSwapEvent decided(LiveModel model, FollowedBuild build) throws IOException {
    boolean used = false;
    ModelBuild from = model.build();
    ModelBuild to = build.type().build();
    try {
      if (to.equals(from)) {
        return null;
      }
      Build next = build.load(model.type(), model.wanted());
      ShadowReport shadow =
          Shadow.compare(model, next, GoldenRows.read(build, model.type()), model.lastRows());
      if (shadow.rows() == 0 && model.wanted().getSwap().gated()) {
        // Not checked is not passed; rows may come.
        throw new IOException("There is no row yet to compare build " + to + " on.");
      }
      String reason = Gate.exceeded(shadow, model.wanted().getSwap());
      if (!reason.isEmpty()) {
        return event(model, from, to, ModelSwapEvent.Outcome.KEPT, shadow, reason);
      }
      used = true;
      model.replace(next);
      reason = "Compared on " + shadow.rows() + " rows.";
      return event(model, from, to, ModelSwapEvent.Outcome.SWAPPED, shadow, reason);
    } catch (UnfitException no) {
      ModelSwapEvent.Outcome unfit = ModelSwapEvent.Outcome.UNFIT;
      return event(model, from, to, unfit, ShadowReport.NONE, no.getMessage());
    } finally {
      if (!used) {
        build.close();
      }
    }
  }

  private static ModelSwapEvent event(
      LiveModel model,
      ModelBuild from,
      ModelBuild to,
      ModelSwapEvent.Outcome outcome,
      ShadowReport shadow,
      String reason) {
    return new ModelSwapEvent(model.name(), from, to, outcome, shadow, reason);
  }
}
