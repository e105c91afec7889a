package io.crossport.spring;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;

/** Meters of every model, where Micrometer is there. */
@AutoConfiguration(after = CrossportAutoConfiguration.class)
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean(CrossportModel.class)
public class CrossportMetricsAutoConfiguration {
  @Bean
  MeterBinder crossportMeters(ObjectProvider<CrossportModel<?, ?>> models) {
    return registry ->
        LiveModel.among(models)
            .forEach(model -> model.listen(new ModelMeters(registry, model.name())));
  }
}
