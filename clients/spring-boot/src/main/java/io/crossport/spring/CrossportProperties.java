package io.crossport.spring;

import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.boot.context.properties.ConfigurationProperties;

/** What {@code crossport.*} says. */
@ConfigurationProperties("crossport")
public final class CrossportProperties {
  private final Portal portal = new Portal();
  private final Map<String, Model> models = new LinkedHashMap<>();

  /** Where the portal is; needed for swaps alone. */
  public Portal getPortal() {
    return portal;
  }

  /** The models, by the names that the application gives them. */
  public Map<String, Model> getModels() {
    return models;
  }

  /** The portal. */
  public static final class Portal {
    private URI url;
    private String token = "";

    /** Its address. */
    public URI getUrl() {
      return url;
    }

    /** Sets it: its address. */
    public void setUrl(URI url) {
      this.url = url;
    }

    /** An API token; empty where the portal is open for reading. */
    public String getToken() {
      return token;
    }

    /** Sets it: an API token; empty where the portal is open for reading. */
    public void setToken(String token) {
      this.token = token;
    }
  }

  /** One model. */
  public static final class Model {
    private String type;
    private Integer threads;
    private Integer cuda;
    private final Swap swap = new Swap();

    /** The generated class, such as {@code com.example.FraudScoringModel}. */
    public String getType() {
      return type;
    }

    /** Sets it: the generated class, such as {@code com.example.FraudScoringModel}. */
    public void setType(String type) {
      this.type = type;
    }

    /** Threads that share one call's work; null for what was proven. */
    public Integer getThreads() {
      return threads;
    }

    /** Sets it: threads that share one call's work; null for what was proven. */
    public void setThreads(Integer threads) {
      this.threads = threads;
    }

    /** Number of a CUDA device; null for the processor. */
    public Integer getCuda() {
      return cuda;
    }

    /** Sets it: number of a CUDA device; null for the processor. */
    public void setCuda(Integer cuda) {
      this.cuda = cuda;
    }

    /** Whether and how it follows an alias. */
    public Swap getSwap() {
      return swap;
    }
  }

  /** How a model follows an alias. */
  public static final class Swap {
    private String alias = "";
    private String coordinates = "";
    private Duration every = Duration.ofMinutes(1);
    private int liveRows = 200;
    private Double maxLabelChanges;
    private Double maxDifference;

    /** The alias; empty for a model that is never swapped. */
    public String getAlias() {
      return alias;
    }

    /** Sets it: the alias; empty for a model that is never swapped. */
    public void setAlias(String alias) {
      this.alias = alias;
    }

    /** Its {@code group:artifact} in the portal's Maven repository. */
    public String getCoordinates() {
      return coordinates;
    }

    /** Sets it: its {@code group:artifact} in the portal's Maven repository. */
    public void setCoordinates(String coordinates) {
      this.coordinates = coordinates;
    }

    /** How often the portal is asked. */
    public Duration getEvery() {
      return every;
    }

    /** Sets it: how often the portal is asked. */
    public void setEvery(Duration every) {
      this.every = every;
    }

    /** How many of the last rows are kept in memory, to compare builds on. */
    public int getLiveRows() {
      return liveRows;
    }

    /** Sets it: how many of the last rows are kept in memory, to compare builds on. */
    public void setLiveRows(int liveRows) {
      this.liveRows = liveRows;
    }

    /** The largest share of rows, 0 to 1, whose label may change; null for any. */
    public Double getMaxLabelChanges() {
      return maxLabelChanges;
    }

    /** Sets it: the largest share of rows, 0 to 1, whose label may change; null for any. */
    public void setMaxLabelChanges(Double maxLabelChanges) {
      this.maxLabelChanges = maxLabelChanges;
    }

    /** The largest difference that a number may have; null for any. */
    public Double getMaxDifference() {
      return maxDifference;
    }

    /** Sets it: the largest difference that a number may have; null for any. */
    public void setMaxDifference(Double maxDifference) {
      this.maxDifference = maxDifference;
    }

    boolean wanted() {
      return !alias.isBlank();
    }

    boolean gated() {
      return maxLabelChanges != null || maxDifference != null;
    }
  }
}
