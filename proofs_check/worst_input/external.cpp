#include "proofs_check/worst_input/external.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <limits>
#include <memory>

#include "examples/challenge/attnbounds_program.h"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/npy.hpp"
#include "numeric/stopwatch.hpp"

extern char** environ;

namespace attnbounds {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::vector<char*> argument_list(std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  return arguments;
}

/// OUT and OUT.json, removed once they are read.
ProgramAnswer answer_at(const fs::path& out) {
  ProgramAnswer answer;
  const fs::path guarantee = out.string() + ".json";
  try {
    answer.output = read_npy(out);
    if (fs::exists(guarantee)) {
      const Json j = Json::parse(read_file(guarantee));
      Guarantee g{j.at("bound").get<double>(), {}, {}};
      if (j.contains("approximation")) g.approximation = j.at("approximation").get<double>();
      if (j.contains("rounding")) g.rounding = j.at("rounding").get<double>();
      answer.guarantee = g;
    }
  } catch (const InputError& error) {  // a NaN in the file is refused by the reader: it is no finite output
    const std::string what = error.what();
    answer.failure = what.find("a finite number") != std::string::npos ? kNotFinite : what;
  } catch (const Json::exception& error) {
    answer.failure = guarantee.string() + ": " + error.what();
  }
  std::error_code ignored;
  fs::remove(out, ignored);
  fs::remove(guarantee, ignored);
  return answer;
}

/// The two ends of a conversation in lines, and the child behind it, if any.
class Conversation {
 public:
  Conversation(Descriptors descriptors, pid_t child) : descriptors_(descriptors), child_(child) {
    signal(SIGPIPE, SIG_IGN);  // a program that ended is a failed write, not the end of us
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  ~Conversation() {
    close(descriptors_.requests);
    close(descriptors_.answers);
    if (child_ <= 0) return;
    int status = 0;
    for (int i = 0; i < 200 && waitpid(child_, &status, WNOHANG) == 0; ++i) usleep(5000);
    if (waitpid(child_, &status, WNOHANG) == 0) {
      kill(child_, SIGKILL);
      waitpid(child_, &status, 0);
    }
  }

  /// Empty, or what went wrong.
  std::string ask(const std::string& request, double seconds_limit) {
    const std::string line = request + "\n";
    for (std::size_t sent = 0; sent < line.size();) {
      const ssize_t n = write(descriptors_.requests, line.data() + sent, line.size() - sent);
      if (n <= 0) return "the program does not read its requests";
      sent += static_cast<std::size_t>(n);
    }
    const Stopwatch stopwatch;
    for (;;) {
      if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
        const std::string answer = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return answer == "ok" ? "" : answer.empty() ? "an empty answer" : answer;
      }
      const double left = seconds_limit - stopwatch.seconds();
      pollfd waiting{descriptors_.answers, POLLIN, 0};
      if (left <= 0 || poll(&waiting, 1, static_cast<int>(std::min(left, 3600.0) * 1000) + 1) == 0)
        return "time limit";
      char bytes[4096];
      const ssize_t n = read(descriptors_.answers, bytes, sizeof bytes);
      if (n <= 0) return "the program ended";
      buffer_.append(bytes, static_cast<std::size_t>(n));
      if (buffer_.size() > (1u << 20)) return "an answer of more than a line";
    }
  }

 private:
  Descriptors descriptors_;
  pid_t child_;
  std::string buffer_;
};

Program conversing(std::string program_name, std::shared_ptr<Conversation> conversation,
                   const fs::path& scratch, double limit) {
  return {std::move(program_name), Concurrency::one_at_a_time, EntryType::float64,
          [=](const ProgramInput& input) {
            write_instance(scratch / "input", input);
            const fs::path out = scratch / "output.npy";
            const std::string failure =
                conversation->ask((scratch / "input").string() + "\t" + out.string(), limit);
            if (failure == std::string("failed ") + kNotFinite) return ProgramAnswer{{}, {}, kNotFinite};
            if (!failure.empty()) return ProgramAnswer{{}, {}, failure};
            return answer_at(out);
          }};
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

std::string run_program(const std::vector<std::string>& command, const fs::path& folder, const fs::path& out,
                        double seconds_limit) {
  std::vector<std::string> words = command;
  words.push_back(folder.string());
  words.push_back(out.string());
  const std::vector<char*> arguments = argument_list(words);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  pid_t child = 0;
  const int error = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw InputError("COMMAND", "a program that can be started", command[0]);
  const Stopwatch stopwatch;
  for (int status = 0;;) {
    const pid_t done = waitpid(child, &status, WNOHANG);
    if (done == child) {
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return "";
      return WIFEXITED(status) ? "exit status " + std::to_string(WEXITSTATUS(status)) : "ended by a signal";
    }
    if (stopwatch.seconds() > seconds_limit) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return "time limit";
    }
    usleep(500);
  }
}

void write_instance(const fs::path& folder, const ProgramInput& input) {
  fs::create_directories(folder);
  Json matrices;
  for (std::size_t i = 0; i < input.matrices.size(); ++i) {
    const std::string file = matrix_names(input.kind)[i] + ".npy";
    write_npy(folder / file, input.matrices[i]);
    matrices[matrix_names(input.kind)[i]] = file;
  }
  const char* kind = input.kind == ProgramKind::tensor     ? "tensor"
                     : input.kind == ProgramKind::gradient ? "matrix-gradient"
                                                           : "matrix";
  Json instance = {{"kind", kind},
                   {"mask", input.kind == ProgramKind::causal ? "causal" : "none"},
                   {"n", input.matrices[0].rows()},
                   {"d", input.matrices[0].cols()},
                   {"matrices", matrices}};
  write_file_atomically(folder / "instance.json", instance.dump() + "\n");
}

Program command_program(const std::vector<std::string>& command, const fs::path& scratch, double limit) {
  return {joined(command), Concurrency::one_at_a_time, EntryType::float64, [=](const ProgramInput& input) {
            write_instance(scratch / "input", input);
            const fs::path out = scratch / "output.npy";
            const std::string failure = run_program(command, scratch / "input", out, limit);
            if (!failure.empty()) return ProgramAnswer{{}, {}, failure};
            return answer_at(out);
          }};
}

Program served_program(const std::vector<std::string>& command, const fs::path& scratch, double limit) {
  int to_child[2], from_child[2];
  if (pipe2(to_child, O_CLOEXEC) != 0 || pipe2(from_child, O_CLOEXEC) != 0)
    throw InputError("COMMAND", "two pipes to it", "none");
  std::vector<std::string> words = command;
  const std::vector<char*> arguments = argument_list(words);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to_child[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from_child[1], STDOUT_FILENO);
  pid_t child = 0;
  const int error = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(to_child[0]);
  close(from_child[1]);
  if (error != 0) throw InputError("COMMAND", "a program that can be started", command[0]);
  return conversing(joined(command),
                    std::make_shared<Conversation>(Descriptors{to_child[1], from_child[0]}, child), scratch,
                    limit);
}

Program served_program(Descriptors descriptors, const fs::path& scratch, double limit) {
  for (const int d : {descriptors.requests, descriptors.answers})
    if (fcntl(d, F_GETFD) < 0) throw InputError("--descriptors", "two open descriptors", std::to_string(d));
  return conversing("callable", std::make_shared<Conversation>(descriptors, 0), scratch, limit);
}

Program library_program(const fs::path& library) {
  const std::shared_ptr<void> handle(dlopen(fs::absolute(library).c_str(), RTLD_NOW | RTLD_LOCAL),
                                     [](void* h) {
                                       if (h != nullptr) dlclose(h);
                                     });
  if (handle == nullptr) throw InputError(library.string(), "a shared library that loads", dlerror());
  const auto function =
      reinterpret_cast<decltype(&attnbounds_program)>(dlsym(handle.get(), "attnbounds_program"));
  if (function == nullptr)
    throw InputError(library.string(),
                     "the function attnbounds_program (examples/challenge/attnbounds_program.h)", "none");
  return {library.filename().string(), Concurrency::one_at_a_time, EntryType::float64,
          [handle, function](const ProgramInput& input) {
            std::vector<attnbounds_matrix> matrices;
            for (std::size_t i = 0; i < input.matrices.size(); ++i)
              matrices.push_back({matrix_names(input.kind)[i].c_str(), input.matrices[i].rows(),
                                  input.matrices[i].cols(), input.matrices[i].data()});
            const auto& m = input.matrices;
            const bool gradient = input.kind == ProgramKind::gradient;
            ProgramAnswer answer;
            answer.output = Matrix<double>::Constant(gradient ? m[0].cols() : m[0].rows(),
                                                     gradient                            ? m[1].cols()
                                                     : input.kind == ProgramKind::tensor ? m[3].cols()
                                                                                         : m[2].cols(),
                                                     std::numeric_limits<double>::quiet_NaN());
            double bound = std::numeric_limits<double>::quiet_NaN();
            const int status =
                function(name(input.kind), matrices.data(), static_cast<long>(matrices.size()),
                         answer.output.rows(), answer.output.cols(), answer.output.data(), &bound);
            if (status != 0) answer.failure = "status " + std::to_string(status);
            if (!std::isnan(bound)) answer.guarantee = Guarantee{bound, {}, {}};
            return answer;
          }};
}

}  // namespace attnbounds
