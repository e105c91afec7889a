package io.crossport.spring;

import java.net.URI;
import java.util.List;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;

/** A {@link CrossportModel} a configured model, closed with the application. */
@AutoConfiguration
@EnableConfigurationProperties(CrossportProperties.class)
@Import(ModelRegistrar.class)
public class CrossportAutoConfiguration {
  @Bean
  SwapWatch crossportSwapWatch(
      CrossportProperties properties,
      ObjectProvider<CrossportModel<?, ?>> models,
      ApplicationEventPublisher events) {
    List<LiveModel> followed =
        LiveModel.among(models).filter(model -> model.wanted().getSwap().wanted()).toList();
    CrossportProperties.Portal portal = properties.getPortal();
    URI url = followed.isEmpty() ? URI.create("http://localhost") : portal.getUrl();
    return new SwapWatch(new PortalRepository(url, portal.getToken()), followed, events);
  }
}
