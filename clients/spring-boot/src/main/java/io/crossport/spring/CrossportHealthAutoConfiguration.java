package io.crossport.spring;

import java.util.stream.Collectors;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.actuate.health.CompositeHealthContributor;
import org.springframework.boot.actuate.health.HealthContributor;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;

/** Health of every model, below {@code crossport}, where Actuator is there. */
@AutoConfiguration(after = CrossportAutoConfiguration.class)
@ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnBean(CrossportModel.class)
public class CrossportHealthAutoConfiguration {
  @Bean
  @ConditionalOnEnabledHealthIndicator("crossport")
  HealthContributor crossportHealthContributor(ObjectProvider<CrossportModel<?, ?>> models) {
    return CompositeHealthContributor.fromMap(
        LiveModel.among(models).collect(Collectors.toMap(LiveModel::name, ModelHealth::new)));
  }
}
