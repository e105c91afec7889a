package io.crossport.spring;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** The meters of one model in one registry. */
final class ModelMeters implements ModelListener {
  private static final String TAG = "model";

  private final MeterRegistry registry;
  private final String model;
  private final Timer answered;
  private final Timer failed;
  private final Counter rows;
  private final Counter failures;
  private volatile ShadowReport shadow = ShadowReport.NONE;

  ModelMeters(MeterRegistry registry, String model) {
    this.registry = registry;
    this.model = model;
    this.answered = timer("answered");
    this.failed = timer("failed");
    this.rows =
        Counter.builder("crossport.rows")
            .description("Rows that were scored.")
            .tag(TAG, model)
            .register(registry);
    this.failures =
        Counter.builder("crossport.check.failures")
            .description("Checks of the portal that failed.")
            .tag(TAG, model)
            .register(registry);
    Gauge.builder("crossport.shadow.difference", this, one -> one.shadow.maxDifference())
        .description("The largest difference of the last comparison of two builds.")
        .tag(TAG, model)
        .register(registry);
    Gauge.builder("crossport.shadow.label.changes", this, one -> one.shadow.labelChangeShare())
        .description("The share of changed labels in the last comparison of two builds.")
        .tag(TAG, model)
        .register(registry);
  }

  private Timer timer(String outcome) {
    return Timer.builder("crossport.score")
        .description("Calls of the model.")
        .tag(TAG, model)
        .tag("outcome", outcome)
        .register(registry);
  }

  @Override
  public void scored(int count, long nanoseconds, boolean done) {
    (done ? answered : failed).record(nanoseconds, TimeUnit.NANOSECONDS);
    if (done) {
      rows.increment(count);
    }
  }

  @Override
  public void swapped(ModelSwapEvent event) {
    shadow = event.shadow();
    Counter.builder("crossport.swaps")
        .description("What became of builds that the alias moved to.")
        .tag(TAG, model)
        .tag("outcome", event.outcome().name().toLowerCase(Locale.ROOT))
        .register(registry)
        .increment();
  }

  @Override
  public void failed() {
    failures.increment();
  }
}
