#!/usr/bin/env bash
# Fuzzing with libFuzzer, on stable Rust and without cargo-fuzz: `scripts/fuzz.sh [SECONDS FOR EACH TARGET] [TARGET…]`.
# It needs a C++ compiler. No sanitizer watches, because the code behind these targets is safe Rust: overflows, panics, what the
# targets assert and 10 seconds for one input are what is found. `cargo fuzz` understands the folder, too.
#
# What is found is written to fuzz/artifacts/ and fails the run. Mend it, give it a small test with a name, and put the input
# into fuzz/corpus/TARGET/. What covers something new is kept in fuzz/found/, which is not committed.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
seconds="${1:-5}"
shift || true
targets=("$@")
if [ ${#targets[@]} = 0 ]; then targets=(url settle glob source options place mounts); fi

host="$(rustc -vV | sed -n 's/^host: //p')"
instrument='--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table'
# With a target, build scripts and macros are left as they are.
RUSTFLAGS="$instrument" cargo build --quiet --release --target "$host" --bins

for target in "${targets[@]}"; do
  mkdir -p "found/$target" "artifacts/$target"
  echo "fuzzing $target for $seconds s"
  log="artifacts/$target.log"
  if ! "target/$host/release/$target" -max_total_time="$seconds" -timeout=10 -max_len=4096 -rss_limit_mb=1024 \
    -artifact_prefix="artifacts/$target/" "found/$target" "corpus/$target" >"$log" 2>&1; then
    # It has the seed, the failure, and the input.
    grep INFO "$log" | head -3
    tail -40 "$log"
    exit 1
  fi
  tail -1 "$log"
done
