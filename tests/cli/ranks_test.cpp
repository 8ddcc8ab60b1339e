// Sweeps and verify over several processes (mpirun, where it is installed): the same results as alone, also
// after a rank or the whole run was killed half-way.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>
#include <tuple>

#include "catch.hpp"
#include "cli/program.hpp"

namespace {

using nlohmann::json;

const std::string kProgram = ATTNBOUNDS_BINARY_DIR "/attnbounds";
const std::string kSweep = " phase --kind both --n 2^20,2^30,2^40,2^57 --kappa 1/8:1:6 --quiet --out ";

/// mpirun is installed and the program was built with it.
bool has_mpi() {
  return std::system(("command -v mpirun >/dev/null && ldd '" + kProgram + "' | grep -q libmpi").c_str()) ==
         0;
}
std::string mpirun(int ranks) {
  // Open MPI unloads modules that still own memory: no leak of ours, and no suppression can name them.
  return "ASAN_OPTIONS=detect_leaks=0 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
         "OMPI_MCA_btl_vader_single_copy_mechanism=none "
         "mpirun --oversubscribe -n " +
         std::to_string(ranks) + " '" + kProgram + "'";
}
int shell(const std::string& command) {
  const int raw = std::system(("timeout 300 env " + command + " >/dev/null 2>&1").c_str());
  return WIFEXITED(raw) ? WEXITSTATUS(raw) : -1;
}

long lines_of(const fs::path& file) {
  const std::string text = contents(file);
  return std::count(text.begin(), text.end(), '\n');
}

enum class Victim { whole_run, one_rank };

/// Starts the command in a process group of its own, waits for `lines` lines of the log, kills.
void run_until_killed(const std::string& command, const fs::path& log, long lines, Victim victim) {
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)) _exit(126);
    execl("/bin/sh", "sh", "-c", ("exec env " + command).c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  REQUIRE(child > 0);
  int status = 0;
  for (int i = 0; i < 6000 && lines_of(log) < lines && waitpid(child, &status, WNOHANG) == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  if (victim == Victim::whole_run) {
    // mpirun puts every rank in a group of its own: its children are ended first.
    const std::string children =
        contents("/proc/" + std::to_string(child) + "/task/" + std::to_string(child) + "/children");
    kill(-child, SIGKILL);
    std::istringstream ids(children);
    for (pid_t id; ids >> id;) kill(id, SIGKILL);
  } else {
    std::istringstream ids(
        contents("/proc/" + std::to_string(child) + "/task/" + std::to_string(child) + "/children"));
    pid_t last = 0;
    for (pid_t id; ids >> id;) last = id;
    if (last > 0) kill(last, SIGKILL);  // a rank; mpirun ends the others
  }
  for (int i = 0; i < 6000 && waitpid(child, &status, WNOHANG) == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

}  // namespace

TEST_CASE("a sweep that was killed half-way and resumed gives the bytes of one that was not") {
  const TemporaryFolder whole, cut;
  const fs::path log = cut.path / "phase.jsonl";
  REQUIRE(shell("'" + kProgram + "'" + kSweep + whole.path.string()) == 0);
  run_until_killed("'" + kProgram + "'" + kSweep + cut.path.string(), log, 10, Victim::whole_run);
  const long kept = lines_of(log);
  CHECK(kept >= 10);
  REQUIRE(shell("'" + kProgram + "'" + kSweep + cut.path.string() + " --resume") == 0);
  for (const char* file : {"phase.jsonl", "phase.json", "kappa_star.csv"})
    CHECK(contents(cut.path / file) == contents(whole.path / file));
}

TEST_CASE("a sweep gives the same bytes over any number of ranks, and after a rank or all were killed") {
  if (!has_mpi()) {
    WARN("mpirun is not installed: not tested");
    return;
  }
  const TemporaryFolder alone;
  REQUIRE(shell("'" + kProgram + "'" + kSweep + alone.path.string()) == 0);
  for (const int ranks : {1, 3}) {
    const TemporaryFolder spread;
    REQUIRE(shell(mpirun(ranks) + kSweep + spread.path.string()) == 0);
    CHECK(contents(spread.path / "phase.jsonl") == contents(alone.path / "phase.jsonl"));
    CHECK(contents(spread.path / "phase.json") == contents(alone.path / "phase.json"));
  }
  for (const Victim victim : {Victim::one_rank, Victim::whole_run}) {
    const TemporaryFolder cut;
    run_until_killed(mpirun(3) + kSweep + cut.path.string(), cut.path / "phase.jsonl", 10, victim);
    CHECK(lines_of(cut.path / "phase.jsonl") >= 10);
    REQUIRE(shell(mpirun(2) + kSweep + cut.path.string() + " --resume") == 0);
    CHECK(contents(cut.path / "phase.jsonl") == contents(alone.path / "phase.jsonl"));
  }
  // What every rank finds wrong is said once, and nobody waits for anybody.
  const TemporaryFolder folder;
  const std::string errors = (folder.path / "errors").string();
  const int raw = std::system(("timeout 60 env " + mpirun(2) + " phase --kind cubic 2>" + errors).c_str());
  CHECK(WEXITSTATUS(raw) == 2);
  const std::string said = contents(errors);
  const std::size_t first = said.find("attnbounds: ");
  CHECK(first != std::string::npos);
  CHECK(said.find("attnbounds: ", first + 1) == std::string::npos);
  // What the first rank alone finds wrong ends the others too.
  std::ofstream(folder.path / "phase.jsonl") << "{\"task\":\"another\"}\n";
  CHECK(shell(mpirun(2) + kSweep + folder.path.string() + " --resume") == 2);
}

TEST_CASE("verify gives the same lines over any number of ranks, also cut and resumed, but for seconds") {
  const auto lines = [](const fs::path& file) {
    std::vector<json> list;
    std::istringstream text(contents(file));
    for (std::string line; std::getline(text, line);) {
      list.push_back(json::parse(line));
      list.back().erase("seconds");
    }
    return list;
  };
  const TemporaryFolder alone;
  const std::string what =
      " verify --claim threshold-2026/degree-from-above --claim threshold-2026/degree-from-below --claim "
      "alman-song-2024-tensor/forward-error --quiet --out ";
  const auto same = [&](const fs::path& folder) {
    CHECK(lines(folder / "claims.jsonl") == lines(alone.path / "claims.jsonl"));
    for (const char* file : {"thresholds.jsonl", "degrees.jsonl", "heads.jsonl"})
      CHECK(contents(folder / file) == contents(alone.path / file));
    CHECK(!fs::exists(folder / "tasks.jsonl"));
  };
  REQUIRE(shell("'" + kProgram + "'" + what + alone.path.string()) == 0);
  {
    const TemporaryFolder cut;
    run_until_killed("'" + kProgram + "'" + what + cut.path.string(), cut.path / "tasks.jsonl", 30,
                     Victim::whole_run);
    CHECK(lines_of(cut.path / "tasks.jsonl") >= 30);
    CHECK(!fs::exists(cut.path / "thresholds.jsonl"));
    REQUIRE(shell("'" + kProgram + "'" + what + cut.path.string() + " --resume") == 0);
    same(cut.path);
  }
  if (!has_mpi()) {
    WARN("mpirun is not installed: not tested");
    return;
  }
  {
    const TemporaryFolder spread;
    REQUIRE(shell(mpirun(3) + what + spread.path.string()) == 0);
    same(spread.path);
  }
  for (const auto& [victim, file, least] : {std::tuple(Victim::one_rank, "tasks.jsonl", 30L),
                                            std::tuple(Victim::whole_run, "claims.jsonl", 1L)}) {
    const TemporaryFolder cut;
    run_until_killed(mpirun(3) + what + cut.path.string(), cut.path / file, least, victim);
    CHECK(lines_of(cut.path / file) >= least);
    CHECK(!fs::exists(cut.path / "thresholds.jsonl"));
    REQUIRE(shell(mpirun(2) + what + cut.path.string() + " --resume") == 0);
    same(cut.path);
  }
}

TEST_CASE("the layers of a whole run are tasks like others: the same bytes over ranks", "[.long]") {
  if (!has_mpi()) {
    WARN("mpirun is not installed: not tested");
    return;
  }
  const TemporaryFolder alone, spread;
  REQUIRE(shell("'" + kProgram + "' verify --quiet --out " + alone.path.string()) == 0);
  REQUIRE(shell(mpirun(2) + " verify --quiet --out " + spread.path.string()) == 0);
  for (const char* file :
       {"propagation.jsonl", "degrees.jsonl", "thresholds.jsonl", "hyper_attention.jsonl"}) {
    CHECK(!contents(alone.path / file).empty());
    CHECK(contents(spread.path / file) == contents(alone.path / file));
  }
}
