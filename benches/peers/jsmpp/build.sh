#!/bin/sh
# Fetches jSMPP with Maven, checks what came, and compiles the program. First argument: where to.
# Without a JVM of version 17 or Maven it says so, and the measurements go on without jSMPP.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
into=$(cd "$1" && pwd)

for tool in java javac mvn; do
    if ! command -v "$tool" >/dev/null 2>&1; then
        echo "jSMPP is left out: there is no $tool (apt install openjdk-17-jdk-headless maven)" >&2
        exit 0
    fi
done

mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$into"
(cd "$into" && sha256sum --quiet -c "$here/checksums.sha256")
javac --release 17 -Xlint:all -Werror -cp "$into/*" -d "$into" "$here/PeerJsmpp.java"
