"""What a build has to say to use a model from the Maven repository, for each build tool."""

from __future__ import annotations

from dataclasses import dataclass

from workers.models import Artifact

CENTRAL = "https://repo1.maven.org/maven2"


@dataclass(frozen=True)
class Snippet:
    """Lines for one tool. slug: tells the snippets of a page apart."""

    slug: str
    title: str
    text: str


def snippets(jar: Artifact, url: str) -> list[Snippet]:
    """For every build tool that reads Maven repositories.

    url: the repository's own, as the reader reaches it, with a slash at its end.
    """
    group, artifact = jar.project.group, jar.project.artifact
    plain = f"{group}:{artifact}:{jar.version}"
    return [
        Snippet("maven", "Maven: pom.xml", _maven(group, artifact, jar.version, url)),
        Snippet("gradle-kotlin", "Gradle: build.gradle.kts", _kotlin(plain, url)),
        Snippet("gradle-groovy", "Gradle: build.gradle", _groovy(plain, url)),
        Snippet("sbt", "sbt: build.sbt", _sbt(group, artifact, jar.version, url)),
        Snippet("bazel", "Bazel: MODULE.bazel", _bazel(plain, url)),
        Snippet("jbang", "JBang", f"//DEPS {plain}\n//REPOS central,crossport={url}"),
        Snippet("token", "Maven: ~/.m2/settings.xml, where reading takes a token", _SETTINGS),
    ]


_SETTINGS = """\
<servers>
  <server>
    <id>crossport</id>
    <username>build</username>
    <password>${env.CROSSPORT_SETTINGS}</password>
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


def _kotlin(plain: str, url: str) -> str:
    return f"""\
repositories {{
    mavenCentral()
    maven {{
        url = uri("{url}")
        credentials {{
            username = "build"
            password = System.getenv("CROSSPORT_SETTINGS")
        }}
    }}
}}

dependencies {{
    implementation("{plain}")
}}"""


def _groovy(plain: str, url: str) -> str:
    return f"""\
repositories {{
    mavenCentral()
    maven {{
        url '{url}'
        credentials {{
            username 'build'
            password System.getenv('CROSSPORT_SETTINGS')
        }}
    }}
}}

dependencies {{
    implementation '{plain}'
}}"""


def _sbt(group: str, artifact: str, version: str, url: str) -> str:
    return f"""\
resolvers += "Crossport" at "{url}"
libraryDependencies += "{group}" % "{artifact}" % "{version}\""""


def _bazel(plain: str, url: str) -> str:
    return f"""\
maven = use_extension("@rules_jvm_external//:extensions.bzl", "maven")
maven.install(
    artifacts = ["{plain}"],
    repositories = ["{url}", "{CENTRAL}"],
)
use_repo(maven, "maven")"""
