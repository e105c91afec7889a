package io.crossport.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import example.fraud.FraudInput;
import example.fraud.FraudModel;
import example.fraud.FraudOutput;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.Status;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;

class SwapTest {
  private static final FraudInput ROW = new FraudInput(120.0, "Ulm", FraudInput.Channel.WEB);
  private static final String[] SECOND = {"VERSION = \"1\"", "VERSION = \"2\"", "= 100", "= 200"};

  private FakePortal portal;

  @BeforeEach
  void open() throws Exception {
    portal = new FakePortal();
  }

  @AfterEach
  void close() {
    portal.close();
  }

  /** What is told to an application that listens. */
  @Configuration(proxyBeanMethods = false)
  static class Application {
    final List<ModelSwapEvent> events = new CopyOnWriteArrayList<>();

    @Bean
    MeterRegistry meters() {
      return new SimpleMeterRegistry();
    }

    @EventListener
    void told(ModelSwapEvent event) {
      events.add(event);
    }
  }

  private ApplicationContextRunner runner(String... settings) {
    return new ApplicationContextRunner()
        .withConfiguration(ModelBeanTest.all())
        .withUserConfiguration(Application.class)
        .withPropertyValues(
            "crossport.portal.url=" + portal.url(),
            "crossport.portal.token=cpt_secret",
            "crossport.models.fraud.type=example.fraud.FraudModel",
            "crossport.models.fraud.swap.alias=champion",
            "crossport.models.fraud.swap.coordinates=" + FakePortal.COORDINATES,
            // The tests ask themselves.
            "crossport.models.fraud.swap.every=1d")
        .withPropertyValues(settings);
  }

  @SuppressWarnings("unchecked")
  private static CrossportModel<FraudInput, FraudOutput> model(ApplicationContext context) {
    return context.getBean("fraud", CrossportModel.class);
  }

  /** Has the portal asked once more. */
  private static void check(ApplicationContext context) {
    SwapWatch watch = context.getBean(SwapWatch.class);
    watch.stop();
    watch.check(context.getBean("fraud", LiveModel.class));
  }

  private static List<ModelSwapEvent> events(ApplicationContext context) {
    return context.getBean(Application.class).events;
  }

  private static Health health(ApplicationContext context) {
    return new ModelHealth(context.getBean("fraud", LiveModel.class)).health();
  }

  @Test
  void anAliasThatMovesBringsItsBuildAndTheOldOneIsClosed() throws Exception {
    int before = FraudModel.open;
    portal.move(FakePortal.build());
    runner()
        .run(
            context -> {
              CrossportModel<FraudInput, FraudOutput> model = model(context);
              check(context);
              assertThat(events(context)).isEmpty(); // the alias means what is on the class path
              assertThat(model.score(ROW).label()).isEqualTo(FraudOutput.Label.YES);
              portal.move(FakePortal.build(SECOND));
              check(context);
              FraudOutput answer = model.score(ROW);
              assertThat(answer.label()).isEqualTo(FraudOutput.Label.NO);
              assertThat(answer.probabilities()[1]).isCloseTo(120.0 / 320, within(1e-15));
              assertThat(model.score(List.of(ROW, ROW)).get(1).label())
                  .isEqualTo(FraudOutput.Label.NO);
              assertThat(model.build().toString()).isEqualTo("2.1");
              assertThat(FraudModel.open).isEqualTo(before);

              ModelSwapEvent event = events(context).get(0);
              assertThat(event.outcome()).isEqualTo(ModelSwapEvent.Outcome.SWAPPED);
              assertThat(event.from().toString()).isEqualTo("1.1");
              assertThat(event.shadow().golden()).isEqualTo(3);
              assertThat(event.shadow().live()).isEqualTo(1);
              assertThat(event.shadow().labelChanges()).isEqualTo(2);
              assertThat(event.shadow().maxDifference())
                  .isCloseTo(150.0 / 250 - 150.0 / 350, within(1e-15));
              MeterRegistry meters = context.getBean(MeterRegistry.class);
              assertThat(meters.get("crossport.swaps").tag("outcome", "swapped").counter().count())
                  .isEqualTo(1);
              assertThat(meters.get("crossport.shadow.label.changes").gauge().value())
                  .isEqualTo(0.5);
              assertThat(health(context).getDetails())
                  .containsEntry("version", "2")
                  .containsEntry("alias", "champion")
                  .containsKey("checked")
                  .doesNotContainKey("error");
              assertThat(portal.tokens).containsOnly("Bearer cpt_secret");

              portal.move(FakePortal.build()); // and back again
              check(context);
              assertThat(model.score(ROW).label()).isEqualTo(FraudOutput.Label.YES);
            });
  }

  @Test
  void aBuildThatDiffersTooMuchIsNotUsedAndNotFetchedAgain() throws Exception {
    portal.move(FakePortal.build(SECOND));
    runner("crossport.models.fraud.swap.max-label-changes=0.3")
        .run(
            context -> {
              check(context);
              assertThat(events(context).get(0).outcome()).isEqualTo(ModelSwapEvent.Outcome.KEPT);
              assertThat(events(context).get(0).reason())
                  .isEqualTo("The label changes in 1 of 3 rows, more than the share of 0.3.");
              assertThat(model(context).build().toString()).isEqualTo("1.1");
              assertThat(model(context).score(ROW).label()).isEqualTo(FraudOutput.Label.YES);
              int asked = portal.asked.size();
              check(context);
              assertThat(portal.asked).hasSize(asked + 1);
              assertThat(events(context)).hasSize(1);
              assertThat(health(context).getStatus()).isEqualTo(Status.UP);
              assertThat(health(context).getDetails().get("lastMove").toString())
                  .startsWith("2.1 KEPT: The label changes");
            });
    runner("crossport.models.fraud.swap.max-difference=0.01")
        .run(
            context -> {
              check(context);
              assertThat(events(context).get(0).reason()).startsWith("A number differs by 0.17");
            });
    runner("crossport.models.fraud.swap.max-label-changes=0.34")
        .run(
            context -> {
              check(context);
              assertThat(events(context).get(0).outcome())
                  .isEqualTo(ModelSwapEvent.Outcome.SWAPPED);
            });
  }

  @Test
  void aBuildThatRefusesWhatTheOldOneTookIsNotUsed() throws Exception {
    portal.move(FakePortal.build("VERSION = \"1\"", "VERSION = \"2\"", "Atlantis", "Ulm"));
    runner()
        .run(
            context -> {
              check(context);
              assertThat(events(context).get(0).outcome()).isEqualTo(ModelSwapEvent.Outcome.KEPT);
              assertThat(events(context).get(0).reason()).contains("does not take 1 rows");
            });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "onnxruntime 1.29.0 | onnxruntime 1.30.0 | proven on onnxruntime 1.30.0",
        "NO(\"no\"), YES(\"yes\") | YES(\"yes\"), NO(\"no\") | outputs are",
        "NO(\"no\") | NO(\"none\") | does not know 'none'",
        "\"String\", 1, true, | \"String\", 1, false, | `city` must not be missing any longer",
        "SHOP(\"shop\") | SHOP(\"store\") | does not know 'shop'",
        "List.of(\"web\", \"shop\") | List.of(\"web\") | `channel` takes only [web] now",
        "new Column(\"amount\" | new Column(\"sum\" | inputs are [sum, city, channel]",
        "\"double\", 1, true | \"float\", 1, true | `amount` has another type: float",
        "Double amount | Number amount | FraudInput.amount is of the type Number now"
      })
  void aBuildForOtherRowsOrAnswersIsUnfit(String from, String to, String said) throws Exception {
    String text = "NO(\"no\"),\n    YES(\"yes\")";
    String[] replaced = {"VERSION = \"1\"", "VERSION = \"2\"", from, to};
    if (from.startsWith("NO(\"no\"), ")) {
      replaced = new String[] {replaced[0], replaced[1], text, "YES(\"yes\"),\n    NO(\"no\")"};
    }
    if (from.startsWith("Double")) {
      replaced =
          new String[] {
            replaced[0],
            replaced[1],
            from,
            to,
            "double amount = row.amount() == null ? 0 :",
            "double amount = row.amount() == null ? 0 : (Double)"
          };
    }
    portal.move(FakePortal.build(replaced));
    runner()
        .run(
            context -> {
              check(context);
              assertThat(events(context)).hasSize(1);
              assertThat(events(context).get(0).outcome()).isEqualTo(ModelSwapEvent.Outcome.UNFIT);
              assertThat(events(context).get(0).reason()).contains(said).contains("build it anew");
              assertThat(model(context).score(ROW).label()).isEqualTo(FraudOutput.Label.YES);
            });
  }

  @Test
  void aJarWithAnotherSumIsNotUsedAndAskedForAgain() throws Exception {
    byte[] jar = FakePortal.build(SECOND);
    portal.move(jar, "0".repeat(64));
    runner()
        .run(
            context -> {
              check(context);
              check(context);
              assertThat(model(context).build().toString()).isEqualTo("1.1");
              assertThat(health(context).getStatus()).isEqualTo(Status.UP);
              assertThat(health(context).getDetails().get("error").toString())
                  .contains("and not 0000");
              assertThat(
                      context
                          .getBean(MeterRegistry.class)
                          .get("crossport.check.failures")
                          .counter()
                          .count())
                  .isGreaterThanOrEqualTo(2);
              portal.move(jar);
              check(context);
              assertThat(model(context).build().toString()).isEqualTo("2.1");
              assertThat(health(context).getDetails()).doesNotContainKey("error");
            });
  }

  @Test
  void aPortalThatIsAwayIsNoOutage() {
    portal.close();
    runner()
        .run(
            context -> {
              check(context);
              assertThat(model(context).score(ROW).label()).isEqualTo(FraudOutput.Label.YES);
              assertThat(health(context).getStatus()).isEqualTo(Status.UP);
              assertThat(health(context).getDetails().get("error").toString())
                  .contains("does not answer");
            });
  }

  @Test
  void theTokenDoesNotGoWhereFilesAreStored() throws Exception {
    try (FakePortal store = new FakePortal()) {
      byte[] jar = FakePortal.build(SECOND);
      portal.move(jar);
      store.move(jar);
      portal.elsewhere = store.url().toString().replaceAll("/$", "");
      runner()
          .run(
              context -> {
                check(context);
                assertThat(model(context).build().toString()).isEqualTo("2.1");
                assertThat(store.tokens).isNotEmpty().containsOnly("null");
              });
    }
  }

  @Test
  void noCallFailsWhileBuildsChangeAndEachIsAnsweredByOneBuild() throws Exception {
    byte[] first = FakePortal.build();
    byte[] second = FakePortal.build(SECOND);
    portal.move(first);
    runner()
        .run(
            context -> {
              CrossportModel<FraudInput, FraudOutput> model = model(context);
              AtomicBoolean done = new AtomicBoolean();
              ExecutorService threads = Executors.newFixedThreadPool(4);
              List<Future<Integer>> callers = new ArrayList<>();
              List<FraudInput> rows = java.util.Collections.nCopies(50, ROW);
              Callable<Integer> caller =
                  () -> {
                    int calls = 0;
                    while (!done.get()) {
                      assertThat(model.score(rows).stream().map(FraudOutput::label).distinct())
                          .hasSize(1);
                      model.score(ROW);
                      calls++;
                    }
                    return calls;
                  };
              for (int i = 0; i < 4; i++) {
                callers.add(threads.submit(caller));
              }
              for (int i = 0; i < 10; i++) {
                portal.move(i % 2 == 0 ? second : first);
                check(context);
              }
              done.set(true);
              for (Future<Integer> one : callers) {
                assertThat(one.get()).isGreaterThan(10);
              }
              threads.shutdown();
              assertThat(events(context)).hasSize(10);
            });
  }

  @Test
  void theWatchAsksByItself() throws Exception {
    portal.move(FakePortal.build(SECOND));
    runner("crossport.models.fraud.swap.every=50ms")
        .run(
            context -> {
              long deadline = System.nanoTime() + 20_000_000_000L;
              while (events(context).isEmpty() && System.nanoTime() < deadline) {
                Thread.sleep(20);
              }
              assertThat(model(context).build().toString()).isEqualTo("2.1");
            });
  }

  @Test
  void whatASwapNeedsIsAskedForAtTheStart() {
    runner("crossport.models.fraud.swap.coordinates=")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .hasMessageContaining("crossport.models.fraud.swap.coordinates must be"));
    runner("crossport.portal.url=")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .hasMessageContaining("crossport.portal.url is missing"));
  }
}
