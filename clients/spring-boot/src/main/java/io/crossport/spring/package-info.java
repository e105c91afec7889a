/**
 * Models of a Crossport portal in Spring Boot: a bean a model, health, metrics, and a hot swap when
 * an alias moves. Everything is configured by {@link io.crossport.spring.CrossportProperties}.
 */
package io.crossport.spring;
