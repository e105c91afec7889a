package io.crossport.spring;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Import;

/** A {@link CrossportModel} a configured model, closed with the application. */
@AutoConfiguration
@EnableConfigurationProperties(CrossportProperties.class)
@Import(ModelRegistrar.class)
public class CrossportAutoConfiguration {}
