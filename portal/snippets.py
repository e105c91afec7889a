"""What a build has to say to use a model from the Maven repository, for each build tool."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from workers.models import Artifact

CENTRAL = "https://repo1.maven.org/maven2"


@dataclass(frozen=True)
class Snippet:
    """Lines for one tool. slug: tells the snippets of a page apart."""

    slug: str
    title: str
    text: str


def snippets(jar: Artifact, url: str, closed: bool) -> list[Snippet]:
    """For every build tool that reads Maven repositories.

    url: the repository's own, as the reader reaches it, with a slash at its end.
    closed: whether reading takes a token.
    """
    group, artifact = jar.project.group, jar.project.artifact
    plain = f"{group}:{artifact}:{jar.version}"
    return [
        Snippet("maven", "Maven: pom.xml", _maven(group, artifact, jar.version, url)),
        Snippet("gradle-kotlin", "Gradle: build.gradle.kts", _kotlin(plain, url, closed)),
        Snippet("gradle-groovy", "Gradle: build.gradle", _groovy(plain, url, closed)),
        Snippet("sbt", "sbt: build.sbt", _sbt(group, artifact, jar.version, url, closed)),
        Snippet("bazel", "Bazel: MODULE.bazel", _bazel(plain, url)),
        Snippet("jbang", "JBang", f"//DEPS {plain}\n//REPOS central,crossport={url}"),
        *([Snippet("token", "Maven: ~/.m2/settings.xml", _SETTINGS)] if closed else []),
    ]


_SETTINGS = """\
<servers>
  <server>
    <id>crossport</id>
    <username>build</username>
    <password>${env.CROSSPORT_TOKEN}</password>
  </server>
</servers>"""


def _maven(group: str, artifact: str, version: str, url: str) -> str:
    return f"""\
<repositories>
  <repository>
    <id>crossport</id>
    <url>{url}</url>
    <releases><checksumPolicy>fail</checksumPolicy></releases>
    <snapshots>
      <enabled>true</enabled>
      <updatePolicy>always</updatePolicy>
      <checksumPolicy>fail</checksumPolicy>
    </snapshots>
  </repository>
</repositories>

<dependency>
  <groupId>{group}</groupId>
  <artifactId>{artifact}</artifactId>
  <version>{version}</version>
</dependency>"""


def _kotlin(plain: str, url: str, closed: bool) -> str:
    access = """
        credentials {
            username = "build"
            password = System.getenv("CROSSPORT_TOKEN")
        }"""
    return f"""\
repositories {{
    mavenCentral()
    maven {{
        url = uri("{url}"){access if closed else ""}{_plain_http(url)}
    }}
}}

dependencies {{
    implementation("{plain}")
}}"""


def _plain_http(url: str) -> str:
    """What Gradle wants from its version 7 on, and older ones do not know."""
    insecure = "\n        // Gradle 7 and newer, over plain HTTP: isAllowInsecureProtocol = true"
    return insecure if url.startswith("http:") else ""


def _groovy(plain: str, url: str, closed: bool) -> str:
    access = """
        credentials {
            username 'build'
            password System.getenv('CROSSPORT_TOKEN')
        }"""
    return f"""\
repositories {{
    mavenCentral()
    maven {{
        url '{url}'{access if closed else ""}{_plain_http(url).replace("isAllow", "allow")}
    }}
}}

dependencies {{
    implementation '{plain}'
}}"""


def _sbt(group: str, artifact: str, version: str, url: str, closed: bool) -> str:
    host = urlsplit(url).hostname
    token = f"""\
credentials += Credentials("crossport", "{host}", "build", sys.env("CROSSPORT_TOKEN"))
"""
    return f"""\
{token if closed else ""}resolvers += "Crossport" at "{url}"
libraryDependencies += "{group}" % "{artifact}" % "{version}\""""


def _bazel(plain: str, url: str) -> str:
    return f"""\
maven = use_extension("@rules_jvm_external//:extensions.bzl", "maven")
maven.install(
    artifacts = ["{plain}"],
    repositories = ["{url}", "{CENTRAL}"],
)
use_repo(maven, "maven")"""
