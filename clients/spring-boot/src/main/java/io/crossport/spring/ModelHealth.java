package io.crossport.spring;

import org.springframework.boot.actuate.health.AbstractHealthIndicator;
import org.springframework.boot.actuate.health.Health;

/** Up as long as a build answers, whatever the portal does. */
final class ModelHealth extends AbstractHealthIndicator {
  private final LiveModel model;

  ModelHealth(LiveModel model) {
    super("The model cannot answer.");
    this.model = model;
  }

  @Override
  protected void doHealthCheck(Health.Builder builder) {
    ModelBuild build = model.build();
    builder
        .up()
        .withDetail("version", build.version())
        .withDetail("build", build.build())
        .withDetail("sha256", build.sha256())
        .withDetail("runtime", build.runtime());
    CrossportProperties.Swap swap = model.wanted().getSwap();
    if (swap.wanted()) {
      Following known = model.following();
      builder.withDetail("alias", swap.getAlias());
      builder.withDetail("checked", known.checked() == null ? "never" : known.checked().toString());
      if (!known.error().isEmpty()) {
        builder.withDetail("error", known.error());
      }
      if (known.last() != null) {
        builder.withDetail(
            "lastMove",
            known.last().to() + " " + known.last().outcome() + ": " + known.last().reason());
      }
    }
  }
}
