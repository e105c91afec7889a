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
  }
}
