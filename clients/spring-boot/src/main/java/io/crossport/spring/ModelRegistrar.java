package io.crossport.spring;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.EnvironmentAware;
import org.springframework.context.ResourceLoaderAware;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.ResolvableType;
import org.springframework.core.env.Environment;
import org.springframework.core.io.ResourceLoader;
import org.springframework.core.type.AnnotationMetadata;
import org.springframework.util.ClassUtils;

/** Registers a bean a configured model, with its type arguments, so that it is injected by them. */
final class ModelRegistrar
    implements ImportBeanDefinitionRegistrar, EnvironmentAware, ResourceLoaderAware {
  /** What the bean of the generated class itself is called, behind the model's name. */
  static final String TYPED = "Model";

  private CrossportProperties properties;
  private ClassLoader classes;

  @Override
  public void setEnvironment(Environment environment) {
    properties = Binder.get(environment).bindOrCreate("crossport", CrossportProperties.class);
  }

  @Override
  public void setResourceLoader(ResourceLoader loader) {
    classes = loader.getClassLoader();
  }

  @Override
  public void registerBeanDefinitions(
      AnnotationMetadata metadata, BeanDefinitionRegistry registry) {
    properties.getModels().forEach((name, model) -> register(name, model, registry));
  }

  private void register(
      String name, CrossportProperties.Model wanted, BeanDefinitionRegistry registry) {
    ModelClass known = model(name, wanted.getType());
    Class<?> type = known.type();
    check(name, wanted.getSwap());
    RootBeanDefinition bean = new RootBeanDefinition(LiveModel.class);
    bean.setInstanceSupplier(() -> LiveModel.load(name, type, wanted));
    bean.setTargetType(
        ResolvableType.forClassWithGenerics(CrossportModel.class, known.input(), known.output()));
    bean.setDestroyMethodName("close");
    registry.registerBeanDefinition(name, bean);
    if (!wanted.getSwap().wanted() && registry instanceof BeanFactory factory) {
      registry.registerBeanDefinition(name + TYPED, typed(type, name, factory));
    }
  }

  /** The generated model itself, for its own faster calls; only where it never changes. */
  private static RootBeanDefinition typed(Class<?> type, String name, BeanFactory factory) {
    RootBeanDefinition bean = new RootBeanDefinition();
    bean.setInstanceSupplier(() -> factory.getBean(name, LiveModel.class).own());
    bean.setTargetType(type);
    // Its owner closes it.
    bean.setDestroyMethodName("");
    bean.setDependsOn(name);
    return bean;
  }

  private ModelClass model(String name, String type) {
    if (type == null || type.isBlank()) {
      throw wrong(name, "type is missing: name the generated class, com.example.FraudScoringModel");
    }
    try {
      return ModelClass.of(ClassUtils.forName(type, classes));
    } catch (ClassNotFoundException none) {
      throw wrong(name, "type names " + type + ", which is not on the class path");
    } catch (IllegalStateException strange) {
      throw wrong(name, "type: " + strange.getMessage());
    }
  }

  private void check(String name, CrossportProperties.Swap swap) {
    if (!swap.wanted()) {
      return;
    }
    if (!swap.getCoordinates().matches("[\\w.-]+:[\\w.-]+")) {
      throw wrong(name, "swap.coordinates must be group:artifact, as on the bundle's page");
    }
    if (properties.getPortal().getUrl() == null) {
      throw new IllegalStateException(
          "crossport.portal.url is missing: the model " + name + " follows an alias there");
    }
    if (swap.getEvery().isNegative() || swap.getEvery().isZero() || swap.getLiveRows() < 0) {
      throw wrong(name, "swap.every must be longer than nothing, swap.live-rows not below 0");
    }
  }

  private static IllegalStateException wrong(String name, String why) {
    return new IllegalStateException("crossport.models." + name + "." + why);
  }
}
