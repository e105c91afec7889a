package io.crossport.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import example.fraud.FraudInput;
import example.fraud.FraudModel;
import example.fraud.FraudOutput;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.boot.actuate.autoconfigure.metrics.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.actuate.autoconfigure.metrics.MetricsAutoConfiguration;
import org.springframework.boot.actuate.health.CompositeHealthContributor;
import org.springframework.boot.actuate.health.HealthContributor;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.actuate.health.Status;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.annotation.ImportCandidates;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

class ModelBeanTest {
  static final FraudInput ROW = new FraudInput(300.0, "Ulm", FraudInput.Channel.WEB);

  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withConfiguration(all())
          .withPropertyValues("crossport.models.fraud.type=example.fraud.FraudModel");

  static AutoConfigurations all() {
    Class<?>[] found =
        ImportCandidates.load(org.springframework.boot.autoconfigure.AutoConfiguration.class, null)
            .getCandidates()
            .stream()
            .filter(name -> name.startsWith("io.crossport."))
            .map(ModelBeanTest::named)
            .toArray(Class<?>[]::new);
    assertThat(found).hasSize(3);
    Stream<Class<?>> metrics =
        Stream.of(MetricsAutoConfiguration.class, CompositeMeterRegistryAutoConfiguration.class);
    return AutoConfigurations.of(Stream.concat(Stream.of(found), metrics).toArray(Class<?>[]::new));
  }

  private static Class<?> named(String name) {
    try {
      return Class.forName(name);
    } catch (ClassNotFoundException no) {
      throw new AssertionError(no);
    }
  }

  /** What an application has that scores. */
  record Desk(CrossportModel<FraudInput, FraudOutput> fraud) {}

  @Configuration(proxyBeanMethods = false)
  static class Application {
    @Bean
    Desk desk(CrossportModel<FraudInput, FraudOutput> fraud) {
      return new Desk(fraud);
    }

    @Bean
    MeterRegistry meters() {
      return new SimpleMeterRegistry();
    }
  }

  @Test
  void aConfiguredModelIsInjectedByItsTypesAndClosedWithTheApplication() {
    int before = FraudModel.open;
    runner
        .withUserConfiguration(Application.class)
        .run(
            context -> {
              Desk desk = context.getBean(Desk.class);
              assertThat(desk.fraud().score(ROW).label()).isEqualTo(FraudOutput.Label.YES);
              assertThat(desk.fraud().score(List.of(ROW, ROW))).hasSize(2);
              assertThat(desk.fraud().name()).isEqualTo("fraud");
              assertThat(desk.fraud().build())
                  .isEqualTo(new ModelBuild("1", 1, "001", "onnxruntime 1.29.0"));
              assertThat(context.getBean("fraudModel", FraudModel.class).score(ROW).label())
                  .isEqualTo(FraudOutput.Label.YES);
              assertThat(FraudModel.open).isEqualTo(before + 1);
            });
    assertThat(FraudModel.open).isEqualTo(before);
  }

  @Test
  void aClosedModelSaysSo() {
    LiveModel model = LiveModel.load("fraud", FraudModel.class, new CrossportProperties.Model());
    model.close();
    model.close();
    assertThatThrownBy(() -> model.score(ROW))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the model fraud is closed");
  }

  @Test
  void optionsAreHandedToTheModel() {
    runner
        .withPropertyValues("crossport.models.fraud.threads=3")
        .run(
            context ->
                assertThat(context.getBean(FraudModel.class).options().threads()).isEqualTo(3));
  }

  @Test
  void whatTheModelThrowsReachesTheCallerAsItIs() {
    FraudInput lost = new FraudInput(1.0, "Atlantis", FraudInput.Channel.WEB);
    runner
        .withUserConfiguration(Application.class)
        .run(
            context -> {
              Desk desk = context.getBean(Desk.class);
              assertThatThrownBy(() -> desk.fraud().score(lost))
                  .isInstanceOf(IllegalArgumentException.class)
                  .hasMessage("`city` is not to be had");
              assertThatThrownBy(() -> desk.fraud().score(List.of(ROW, lost)))
                  .isInstanceOf(IllegalArgumentException.class);
            });
  }

  @Test
  void aTypeThatIsNoModelOrNotThereIsNamed() {
    runner
        .withPropertyValues("crossport.models.fraud.type=example.fraud.FraudSchema")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .hasMessageContaining(
                        "crossport.models.fraud.type: example.fraud.FraudSchema is no model"));
    runner
        .withPropertyValues("crossport.models.other.type=example.Gone")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .hasMessageContaining(
                        "crossport.models.other.type names example.Gone, which is not on the"));
    runner
        .withPropertyValues("crossport.models.other.threads=1")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .hasMessageContaining("crossport.models.other.type is missing"));
  }

  @Test
  void healthNamesTheBuildOfEveryModel() {
    runner.run(
        context -> {
          CompositeHealthContributor all =
              (CompositeHealthContributor)
                  context.getBean("crossportHealthContributor", HealthContributor.class);
          HealthIndicator one = (HealthIndicator) all.getContributor("fraud");
          assertThat(one.health().getStatus()).isEqualTo(Status.UP);
          assertThat(one.health().getDetails())
              .containsEntry("version", "1")
              .containsEntry("build", 1)
              .containsEntry("runtime", "onnxruntime 1.29.0");
          context.getBean(LiveModel.class).close();
          assertThat(one.health().getStatus()).isEqualTo(Status.DOWN);
        });
    runner
        .withPropertyValues("management.health.crossport.enabled=false")
        .run(context -> assertThat(context).doesNotHaveBean(HealthContributor.class));
  }

  @Test
  void callsAndRowsAreMeasured() {
    runner
        .withUserConfiguration(Application.class)
        .run(
            context -> {
              Desk desk = context.getBean(Desk.class);
              desk.fraud().score(ROW);
              desk.fraud().score(List.of(ROW, ROW, ROW));
              FraudInput lost = new FraudInput(1.0, "Atlantis", FraudInput.Channel.WEB);
              assertThatThrownBy(() -> desk.fraud().score(lost)).isNotNull();
              MeterRegistry meters = context.getBean(MeterRegistry.class);
              assertThat(meters.get("crossport.score").tag("outcome", "answered").timer().count())
                  .isEqualTo(2);
              assertThat(meters.get("crossport.score").tag("outcome", "failed").timer().count())
                  .isEqualTo(1);
              assertThat(meters.get("crossport.rows").tag("model", "fraud").counter().count())
                  .isEqualTo(4);
            });
  }

  @Test
  void withoutActuatorAndMicrometerTheModelIsThereAllTheSame() {
    new ApplicationContextRunner()
        .withConfiguration(
            AutoConfigurations.of(
                CrossportAutoConfiguration.class,
                CrossportHealthAutoConfiguration.class,
                CrossportMetricsAutoConfiguration.class))
        .withPropertyValues("crossport.models.fraud.type=example.fraud.FraudModel")
        .withClassLoader(
            new FilteredClassLoader("org.springframework.boot.actuate", "io.micrometer"))
        .run(
            context -> {
              assertThat(context).hasNotFailed().hasSingleBean(CrossportModel.class);
              assertThat(context).doesNotHaveBean("crossportHealthContributor");
              assertThat(context).doesNotHaveBean("crossportMeters");
            });
  }

  @Test
  void withoutConfigurationThereIsNothing() {
    new ApplicationContextRunner()
        .withConfiguration(all())
        .run(
            context ->
                assertThat(context)
                    .hasNotFailed()
                    .doesNotHaveBean(CrossportModel.class)
                    .doesNotHaveBean(HealthContributor.class));
  }
}
