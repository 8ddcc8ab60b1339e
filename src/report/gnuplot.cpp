#include "report/gnuplot.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstring>
#include <filesystem>
#include <regex>

#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"

namespace attnbounds {
namespace {

namespace fs = std::filesystem;

struct TemporaryFolder {
  fs::path path;
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "attnbounds-figure-XXXXXX").string();
    if (!mkdtemp(pattern.data()))
      throw InputError(pattern, "a folder that can be made", std::strerror(errno));
    path = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code error;
    fs::remove_all(path, error);
  }
};

/// 0 if gnuplot ran well; otherwise the error number (it could not be started) or -1 (it failed).
int run_gnuplot(const fs::path& script, const fs::path& output) {
  std::string program = "gnuplot", no_settings = "-d", file = script.string();
  char* arguments[] = {program.data(), no_settings.data(), file.data(), nullptr};
  std::string locale = "LC_ALL=C", path = "PATH=", temporary = "TMPDIR=" + script.parent_path().string();
  if (const char* search = std::getenv("PATH")) path += search;
  char* environment[] = {locale.data(), path.data(), temporary.data(), nullptr};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failure = posix_spawnp(&child, program.c_str(), &files, nullptr, arguments, environment);
  posix_spawn_file_actions_destroy(&files);
  if (failure != 0) return failure;
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

}  // namespace

Figure draw(const std::string& script, const std::string& title) {
  Figure figure{script, {}, {}};
  const TemporaryFolder folder;
  const fs::path input = folder.path / "figure.gnuplot", output = folder.path / "figure.svg";
  write_file_atomically(input, script);
  if (const int failure = run_gnuplot(input, output); failure != 0) {
    figure.missing = failure == ENOENT ? "gnuplot is not installed" : "gnuplot did not draw it";
    return figure;
  }
  std::string svg = read_file(output);
  if (svg.find("<svg") == std::string::npos || svg.find("</svg>") == std::string::npos) {
    figure.missing = "gnuplot did not draw an SVG";
    return figure;
  }
  if (const std::optional<std::string> danger = danger_in_svg(svg)) {
    figure.missing = "gnuplot's SVG contains " + *danger;
    return figure;
  }
  replace_all(svg, "<title>Gnuplot</title>", "<title>" + title + "</title>");
  replace_all(svg, "<svg ", "<svg role=\"img\" ");
  figure.svg = svg;
  return figure;
}

std::optional<std::string> danger_in_svg(const std::string& svg) {
  std::string text = svg;
  for (const char* name_space : {"\"http://www.w3.org/2000/svg\"", "\"http://www.w3.org/1999/xlink\""})
    replace_all(text, name_space, "");
  static const std::regex dangers(
      R"(<script|<foreignobject|<image|<iframe|<style|<!entity|<!doctype|@import|@font-face|javascript:|data:|//|\son[a-z]+\s*=|href\s*=\s*['"][^#'"])",
      std::regex::icase | std::regex::optimize);
  std::smatch found;
  if (std::regex_search(text, found, dangers)) return "'" + found.str() + "'";
  return {};
}

std::string svg_inline(const std::string& svg, const std::string& prefix) {
  std::string text = svg.substr(svg.find("<svg"));
  for (const char* quote : {"'", "\""}) {
    const std::string q = quote;
    replace_all(text, " id=" + q, " id=" + q + prefix);
    replace_all(text, "href=" + q + "#", "href=" + q + "#" + prefix);
    replace_all(text, "filter=" + q + "url(#", "filter=" + q + "url(#" + prefix);
  }
  return text;
}

}  // namespace attnbounds
