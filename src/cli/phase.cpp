// attnbounds phase: the threshold. A sweep of independent tasks (src/sweep), a line of DIR/phase.jsonl each,
// appended as they finish and put in the sweep's order at the end; --resume keeps the lines that are there.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <sstream>

#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cli/ranks.hpp"
#include "cli/terminal.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "phase/limit.hpp"
#include "proofs_check/run.hpp"
#include "reductions/hard/families.hpp"
#include "report/formats.hpp"
#include "report/measured_figure.hpp"
#include "report/threshold_figure.hpp"
#include "sweep/measured.hpp"
#include "sweep/theory.hpp"

namespace attnbounds {
namespace {

namespace fs = std::filesystem;

struct Options : CommonOptions {
  std::string kind = "matrix", mode = "theory", problem = "forward", B, c = "1", C = "1", rate = "1e10", out;
  std::optional<std::string> kappa;  // each mode has its own default
  std::vector<std::string> n, families{"random", "light-bulb"}, records{"time", "rank", "decide"};
  std::vector<long> ranks{16, 64};
  long rank_n = 1024, decide_n = 512, rows = 4096, probe_rows = 128, repeats = 3;
  long exchange = kQuickExchange;
  bool crossover = false, resume = false, dry_run = false;
};

/// "LO:HI:COUNT", equally spaced and exact; "LO*HI*COUNT", in ratios of nearly equal size, rounded to 1/1024;
/// or a list "1/4,1/2,1". Numbers >= `least`.
std::vector<Rational> grid_from_text(const std::string& text, const std::string& option,
                                     const Rational& least) {
  std::vector<Rational> grid;
  std::vector<std::string> parts;
  const char separator = text.find(':') != std::string::npos   ? ':'
                         : text.find('*') != std::string::npos ? '*'
                                                               : ',';
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  if (separator == ',') {
    for (const std::string& part : parts) grid.push_back(rational_from_text(part, option));
  } else {
    if (parts.size() != 3) throw InputError(option, "LO:HI:COUNT or a list", "'" + text + "'");
    const Rational low = rational_from_text(parts[0], option), high = rational_from_text(parts[1], option),
                   count = rational_from_text(parts[2], option);
    if (denominator(count) != 1 || count < 2 || count > 100000 || high <= low ||
        (separator == '*' && low <= 0))
      throw InputError(option, "LO < HI and a whole COUNT from 2 to 100000", "'" + text + "'");
    const double ratio = nearest(Rational(high / low));
    for (Rational i = 0; i < count; i += 1)
      grid.push_back(separator == ':'
                         ? Rational(low + (high - low) * i / (count - 1))
                         : Rational(std::lround(1024 * nearest(low) *
                                                std::pow(ratio, nearest(i) / (nearest(count) - 1))),
                                    1024));
  }
  for (const Rational& x : grid)
    if (x < least || (x == 0 && option != "--kappa"))
      throw InputError(option, option == "--kappa" ? "numbers >= 0" : "numbers > 0", "'" + text + "'");
  if (grid.empty()) throw InputError(option, "at least one number", "'" + text + "'");
  return grid;
}

/// Whole lines of an earlier log by task; a cut last line is dropped, a line of another sweep refused.
std::map<std::string, std::string> earlier_lines(const fs::path& path, const std::vector<SweepTask>& tasks) {
  std::map<std::string, std::string> lines;
  const std::string text = read_file(path);
  long number = 1;
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1, ++number) {
    const std::string line = text.substr(at, end - at);
    const SweepJson object = SweepJson::parse(line, nullptr, false);
    const std::string task = object.is_object() ? object.value("task", "") : "";
    if (std::none_of(tasks.begin(), tasks.end(), [&](const SweepTask& t) { return t.name == task; }))
      throw InputError(path.string() + ":" + std::to_string(number), "a task of this sweep",
                       "another one; choose another --out or leave out --resume");
    lines[task] = line;
  }
  return lines;
}

/// Runs what is left; returns the lines in the order of the tasks, on the first rank (on others: nothing).
std::vector<SweepJson> run_sweep(const std::vector<SweepTask>& tasks, const Options& options,
                                 ThreadCount at_once) {
  const fs::path log = fs::path(options.out) / "phase.jsonl";
  std::map<std::string, std::string> done;
  if (is_first_rank() && !options.out.empty()) {
    std::error_code error;
    fs::create_directories(options.out, error);
    if (error) throw InputError(options.out, "a directory that can be made", error.message());
    if (options.resume && fs::exists(log)) done = earlier_lines(log, tasks);
    std::string kept;
    for (const auto& [task, line] : done) kept += line + "\n";
    write_file_atomically(log, kept);
  }
  std::vector<long> todo;
  double seconds = 0, spent = 0;
  for (std::size_t i = 0; i < tasks.size(); ++i)
    if (!done.count(tasks[i].name)) {
      todo.push_back(static_cast<long>(i));
      seconds += tasks[i].seconds.value;
    }
  Progress progress(options.quiet || !is_first_rank() ? Progress::Mode::silent : Progress::Mode::automatic);
  run_tasks(
      todo, at_once,
      [&](long i) {
        const SweepTask& task = tasks[static_cast<std::size_t>(i)];
        SweepJson line = {{"task", task.name}};
        line.update(task.run());
        return line.dump();
      },
      [&](long i, const std::string& text) {
        const SweepTask& task = tasks[static_cast<std::size_t>(i)];
        SweepJson line = SweepJson::parse(text);
        if (line.contains("timing") && !options.out.empty()) {  // of this machine and moment: not the result
          append_line(fs::path(options.out) / "timings.jsonl",
                      {{"task", task.name}, {"timing", line["timing"]}});
          line.erase("timing");
        }
        done[task.name] = line.dump();
        if (!options.out.empty()) append_line(log, line);
        progress.at((spent += task.seconds.value) / seconds, task.name);
      });
  std::vector<SweepJson> lines;
  if (!is_first_rank()) return lines;
  std::string ordered;
  for (const SweepTask& task : tasks) {
    lines.push_back(SweepJson::parse(done.at(task.name)));
    ordered += done.at(task.name) + "\n";
  }
  if (!options.out.empty()) write_file_atomically(log, ordered);
  return lines;
}

double decimal(const SweepJson& end) { return std::stod(end.get<std::string>()); }

/// An exact number of a line, rounded for reading.
std::string short_number(const SweepJson& exact) {
  return fmt::format("{:.6g}", nearest(rational_from_text(exact.get<std::string>(), "phase.jsonl")));
}

/// log10 of a gap route's kappa, rounded up; empty where no protocol has so few advices.
std::string gap_route(const SweepJson& line, const char* key) {
  return line.at(key).is_null() ? std::string()
                                : line.at(key).at("log10_kappa").at("upper").get<std::string>();
}

/// The lines as tables of a paper: points.csv, kappa_star.csv, crossovers.csv.
std::map<std::string, std::string> tables(const std::vector<SweepJson>& lines) {
  std::string points =
                  "kind,problem,n,c,C,kappa,d,degree,degree_needed,log10_rank,log10_features,"
                  "log10_operations,log10_exact_operations,log10_seconds_estimate,exponent,pays\n",
              stars =
                  "kind,problem,n,c,C,kappa_star_pays,kappa_star_does_not_pay,limit,hard_direct,"
                  "log10_hard_reed_solomon,log10_hard_hermitian,log10_hard_tower_limit\n",
              crossovers =
                  "kind,problem,c,C,entries,first_pays,first_does_not_pay,last_does_not_pay,last_pays,"
                  "first_fewer_operations,last_fewer_operations,last_not_fewer_operations,scanned_to\n";
  bool any_crossover = false;
  const auto text = [](const SweepJson& j, const char* key) {
    return j.at(key).is_null() ? std::string() : j.at(key).get<std::string>();
  };
  for (const SweepJson& j : lines) {
    const std::string record = j.at("record"), problem = text(j, "kind") + "," + text(j, "problem") + ",";
    if (record == "point")
      points +=
          problem +
          fmt::format("{},{},{},{:.10g},{},{},{},{},{},{},{},{:.6g},{},{}\n", text(j, "n"),
                      short_number(j["c"]), short_number(j["C"]), j.at("kappa_decimal").get<double>(),
                      j.at("d").get<long>(), j.at("degree").get<long>(), j.at("degree_needed").get<long>(),
                      text(j.at("log10_rank"), "upper"), text(j.at("log10_features"), "upper"),
                      text(j.at("log10_operations"), "upper"), text(j.at("log10_exact_operations"), "lower"),
                      j.at("log10_seconds_estimate").get<double>(), text(j.at("exponent"), "upper"),
                      text(j, "pays"));
    else if (record == "kappa_star")
      stars += problem + fmt::format("{},{},{},{:.10g},{:.10g},{},{},{},{},{}\n", text(j, "n"),
                                     short_number(j["c"]), short_number(j["C"]),
                                     j.at("pays_decimal").get<double>(),
                                     j.at("does_not_pay_decimal").get<double>(), text(j.at("limit"), "lower"),
                                     j.at("hard_direct").is_null() ? "" : text(j.at("hard_direct"), "upper"),
                                     gap_route(j, "hard_reed_solomon"), gap_route(j, "hard_hermitian"),
                                     j.at("hard_tower_limit").is_null()
                                         ? ""
                                         : j.at("hard_tower_limit").at("log10_kappa_estimate").dump());
    else if (record == "crossover") {
      any_crossover = true;
      crossovers += problem + short_number(j["c"]) + "," + short_number(j["C"]) + "," +
                    (j.contains("B") ? "B=" + short_number(j["B"]) : "kappa=" + short_number(j["kappa"])) +
                    "," + text(j, "first_pays") + "," + text(j, "first_does_not_pay") + "," +
                    text(j, "last_does_not_pay") + "," + text(j, "last_pays") + "," +
                    text(j, "first_fewer_operations") + "," + text(j, "last_fewer_operations") + "," +
                    text(j, "last_not_fewer_operations") + "," + text(j, "scanned_to") + "\n";
    }
  }
  std::map<std::string, std::string> files{{"points.csv", points}, {"kappa_star.csv", stars}};
  if (any_crossover) files["crossovers.csv"] = crossovers;
  return files;
}

/// A figure's files: pgfplots with its data, and where gnuplot drew it SVG and a page.
std::map<std::string, std::string> figure_files(const HeatMapFigure& figure, const std::string& name,
                                                const std::string& title, const std::string& caption) {
  std::map<std::string, std::string> files;
  if (figure.panels.empty()) return files;
  for (const auto& [file, text] : heat_map_pgfplots(figure, name)) files[file] = text;
  const Figure drawn = draw(heat_map_script(figure), title);
  files[name + ".gnuplot"] = drawn.script;
  std::string body;
  if (drawn.svg.empty()) body = "<p>The figure is left out: " + html_escaped(drawn.missing) + ".</p>";
  else {
    files[name + ".svg"] = drawn.svg;
    body = svg_inline(drawn.svg, name + "-");
  }
  files[name + ".html"] = figure_page(title, body, caption);
  return files;
}

std::map<std::string, std::string> theory_figures(const std::vector<SweepJson>& lines) {
  std::vector<ThresholdRecord> records;
  for (const SweepJson& line : lines)
    if (const auto r = threshold_record(line, "phase.jsonl")) records.push_back(*r);
  auto files = figure_files(threshold_figure(records), "threshold", "The threshold", kThresholdCaption);
  files.merge(
      figure_files(routes_figure(records), "threshold-routes", "The threshold, every route", kRoutesCaption));
  files.merge(figure_files(exponents_figure(records), "exponents", "Exponent over κ", kExponentsCaption));
  return files;
}

void print_tables(const std::vector<SweepJson>& lines) {
  std::string heading;
  for (const SweepJson& p : lines)
    if (p["record"] == "point") {
      const std::string now = fmt::format(
          "{} attention, {}: d = c log n, B = kappa (log n)^(1/{}), error n^-C,\nc = {}, C = {}\n",
          p["kind"].get<std::string>(), p["problem"].get<std::string>(), p["kind"] == "matrix" ? 2 : 3,
          short_number(p["c"]), short_number(p["C"]));
      if (now != heading)
        fmt::print("{}{}{:<8} {:>7} {:>4} {:>8} {:>7} {:>7} {:>7} {:>7} {:>8} {:>7}\n",
                   heading.empty() ? "" : "\n", now, "n", "kappa", "d", "degree", "rank", "operat.", "exact",
                   "seconds", "exponent", "limit");
      heading = now;
      const long degree = p["degree"], needed = p["degree_needed"];
      fmt::print(
          "{:<8} {:>7.4f} {:>4} {:>8} {:>7.3f} {:>7.3f} {:>7.3f} {:>7.3f} {:>8.5f} {:>7}\n",
          p["n"].get<std::string>(), p["kappa_decimal"].get<double>(), p["d"].get<long>(),
          needed == degree ? std::to_string(degree) : fmt::format("{}-{}", needed, degree),
          decimal(p["log10_features"]["upper"]), decimal(p["log10_operations"]["upper"]),
          decimal(p["log10_exact_operations"]["lower"]), p["log10_seconds_estimate"].get<double>(),
          decimal(p["exponent"]["upper"]),
          p.contains("limit_exponent") ? fmt::format("{:.5f}", decimal(p["limit_exponent"]["upper"])) : "1");
    }
  fmt::print(
      "log10 of: rank (with the gradient's factor), operations, those of the exact\n"
      "method, seconds (an estimate)\n\n"
      "kappa*: the method pays below the first number, proved, and does not above the\n"
      "second; direct, R.-S., Hermitian: the least at which a route proves hardness\n"
      "{:<6} {:<7} {:>4} {:>4} {:>9} {:>9} {:>9} {:>8} {:>6} {:>9}\n",
      "kind", "n", "c", "C", "pays", "does not", "limit", "direct", "R.-S.", "Hermitian");
  for (const SweepJson& s : lines)
    if (s["record"] == "kappa_star") {
      const auto gap = [&](const char* key) {
        return s[key].is_null() ? "-" : fmt::format("{:.2f}", decimal(s[key]["log10_kappa"]["upper"]));
      };
      fmt::print("{:<6} {:<7} {:>4} {:>4} {:>9.6f} {:>9.6f} {:>9.6f} {:>8} {:>6} {:>9}\n",
                 s["kind"].get<std::string>(), s["n"].get<std::string>(), short_number(s["c"]),
                 short_number(s["C"]), s["pays_decimal"].get<double>(),
                 s["does_not_pay_decimal"].get<double>(), decimal(s["limit"]["lower"]),
                 s["hard_direct"].is_null() ? "-" : fmt::format("{:.4f}", decimal(s["hard_direct"]["upper"])),
                 gap("hard_reed_solomon"), gap("hard_hermitian"));
    }
  say("R.-S., Hermitian: log10 of the kappa of the gap routes, at most n^(1/2) instances\n");
  std::string told;
  for (const SweepJson& s : lines)
    if (s["record"] == "kappa_star" && !s["hard_tower_limit"].is_null()) {
      const std::string limit =
          fmt::format("{} c={} C={}: limit of the tower's codes: kappa near 10^{:.2f} (an estimate)\n",
                      s["kind"].get<std::string>(), short_number(s["c"]), short_number(s["C"]),
                      s["hard_tower_limit"]["log10_kappa_estimate"].get<double>());
      if (limit != told) fmt::print("{}", limit);
      told = limit;
    }
  for (const SweepJson& x : lines)
    if (x["record"] == "crossover") {
      const auto power = [&](const char* key) {
        return x[key].is_null() ? "none" : x[key].get<std::string>();
      };
      say("{} c={} C={} {}: pays first at {}, last at {}; does not first at {}, last at {}; fewer operations "
          "first at {}, last at {}, not fewer last at {} (scanned to {})\n",
          x["kind"].get<std::string>(), short_number(x["c"]), short_number(x["C"]),
          x.contains("B") ? "B=" + short_number(x["B"]) : "kappa=" + short_number(x["kappa"]),
          power("first_pays"), power("last_pays"), power("first_does_not_pay"), power("last_does_not_pay"),
          power("first_fewer_operations"), power("last_fewer_operations"), power("last_not_fewer_operations"),
          power("scanned_to"));
    }
}

TheoryGrid theory_grid(const Options& options) {
  TheoryGrid grid;
  if (options.kind != "tensor") grid.kinds.push_back(AttentionKind::matrix);
  if (options.kind != "matrix") grid.kinds.push_back(AttentionKind::tensor);
  grid.problem = options.problem == "forward" ? Problem::forward : Problem::gradient;
  const std::vector<std::string> n =
      options.n.empty() ? std::vector<std::string>{"2^10", "2^20", "2^30", "2^40", "2^100", "2^400", "e^1000"}
                        : options.n;
  for (const std::string& text : n) grid.n.push_back(token_count(text, "--n"));
  grid.kappa = grid_from_text(options.kappa.value_or("1/16:1:16"), "--kappa", 0);
  if (!options.B.empty()) grid.B = grid_from_text(options.B, "--B", 0);
  grid.c = grid_from_text(options.c, "--c", 0);
  grid.C = grid_from_text(options.C, "--C", 0);
  grid.largest_exchange = options.exchange;
  grid.crossovers = options.crossover ? Crossovers::with : Crossovers::none;
  const Rational rate = rational_from_text(options.rate, "--rate");
  if (rate <= 0) throw InputError("--rate", "a number > 0", "'" + options.rate + "'");
  grid.operations_a_second = Estimate(nearest(rate));
  return grid;
}

/// 4096 or 2^12, as a machine's number.
long machine_size(const std::string& text, long most) {
  const TokenCount n = token_count(text, "--n");
  const WorkingPrecision precision(Bits{128});
  const double size = std::round(nearest(midpoint(exp(n.log()))));
  if (!(size <= static_cast<double>(most)) ||
      !contains(hull(n.log() - enclose(dyadic(1, -60)), n.log() + enclose(dyadic(1, -60))),
                to_rational(midpoint(log(Interval(static_cast<long>(size)))))))
    throw InputError("--n", "whole numbers up to " + std::to_string(most), "'" + text + "'");
  return static_cast<long>(size);
}

MeasuredGrid measured_grid(const Options& options, ThreadCount threads) {
  MeasuredGrid grid;
  if (options.kind != "tensor") grid.kinds.push_back(AttentionKind::matrix);
  if (options.kind != "matrix") grid.kinds.push_back(AttentionKind::tensor);
  if (options.problem != "forward") throw InputError("--problem", "forward in measured mode", "'gradient'");
  if (!options.B.empty()) throw InputError("--B", "kappa in measured mode", "B");
  const bool tensor = options.kind != "matrix";
  const std::vector<std::string> n = !options.n.empty() ? options.n
                                     : tensor           ? std::vector<std::string>{"16", "32", "64"}
                                              : std::vector<std::string>{"2^8", "2^9", "2^10", "2^11"};
  for (const std::string& text : n) grid.n.push_back(machine_size(text, tensor ? 1L << 12 : 1L << 20));
  grid.kappa = grid_from_text(options.kappa.value_or("1/8*4*6"), "--kappa", 0);
  for (const Rational& kappa : grid.kappa)
    if (kappa <= 0) throw InputError("--kappa", "numbers > 0 in measured mode", exact_text(kappa));
  const auto one = [](const std::string& text, const char* option) {
    const std::vector<Rational> values = grid_from_text(text, option, 0);
    if (values.size() != 1) throw InputError(option, "one number in measured mode", "'" + text + "'");
    return values[0];
  };
  grid.c = one(options.c, "--c");
  grid.C = one(options.C, "--C");
  grid.records = options.records;
  grid.families = options.families;
  grid.ranks = options.ranks;
  grid.rank_n = options.rank_n;
  grid.decide_n = options.decide_n;
  grid.most_rows = options.rows;
  grid.probe_rows = options.probe_rows;
  grid.repeats = options.repeats;
  grid.seed = options.seed;
  grid.threads = threads;
  return grid;
}

/// kappa*(n) at the sweep's sizes and the families' d, for the curves through the measurements.
std::vector<ThresholdCurve> threshold_curves(const MeasuredGrid& grid) {
  std::vector<ThresholdCurve> curves;
  for (const AttentionKind kind : grid.kinds)
    for (const std::string& family : grid.families) {
      const Rational c = family == "random" ? grid.c : Rational(kHardColumns);
      ThresholdCurve curve{
          name(kind), family, fmt::format("κ*(n) of the theory, d = {:g} log n", nearest(c)), {}};
      for (const long n : grid.n)
        curve.points.emplace_back(
            std::log2(static_cast<double>(n)),
            nearest(kappa_star({kind, Problem::forward, {std::to_string(n)}, 0, c, grid.C}, Rational(1, 500))
                        .pays));
      curves.push_back(curve);
    }
  return curves;
}

/// The lines with what timings.jsonl says of them (the last line of a task counts).
std::vector<SweepJson> with_timings(std::vector<SweepJson> lines, const fs::path& file) {
  if (!fs::exists(file)) return lines;
  std::map<std::string, SweepJson> timings;
  std::istringstream text(read_file(file));
  for (std::string line; std::getline(text, line);) {
    const SweepJson object = SweepJson::parse(line, nullptr, false);
    if (object.is_object() && object.contains("task") && object.contains("timing"))
      timings[object["task"].get<std::string>()] = object["timing"];
  }
  for (SweepJson& line : lines)
    if (const auto found = timings.find(line.at("task").get<std::string>()); found != timings.end())
      line["timing"] = found->second;
  return lines;
}

std::string measured_csv(const std::vector<SweepJson>& lines) {
  std::string csv =
      "record,kind,family,n,d,kappa,seed,repeat,degree,rank,seconds_polynomial,seconds_exact,"
      "every_v_at_least,every_v_at_most,relative_at_least,relative_at_most,decided\n";
  const auto number = [](const SweepJson& x) { return x.is_null() ? std::string() : x.dump(); };
  for (const SweepJson& j : lines) {
    const auto at = [&](const char* object, const char* key) {
      return j.contains(object) && j.at(object).is_object() && j.at(object).contains(key)
                 ? number(j.at(object).at(key))
                 : std::string();
    };
    std::string decided;
    if (j.contains("ranks"))
      for (const SweepJson& r : j.at("ranks"))
        decided += fmt::format("{}{}: svd {} polynomial {}", decided.empty() ? "" : "; ", r.at("rank").dump(),
                               r.at("svd").dump(), r.at("polynomial").dump());
    csv += fmt::format("{},{},{},{},{},{:.10g},{},{},{},{},{},{},{},{},{},{},{}\n",
                       j.at("record").get<std::string>(), j.at("kind").get<std::string>(),
                       j.at("family").get<std::string>(), j.at("n").get<long>(), j.at("d").get<long>(),
                       j.at("kappa_decimal").get<double>(), j.at("seed").dump(), j.at("repeat").dump(),
                       at("polynomial", "degree"), at("polynomial", "rank"), at("timing", "polynomial"),
                       at("timing", "exact"), at("every_v", "at_least"), at("every_v", "at_most"),
                       at("relative", "at_least"), at("relative", "at_most"), decided);
  }
  return csv;
}

void print_measured(const std::vector<SweepJson>& lines) {
  fmt::print("times are estimates of this machine; ranks are proved from both sides; epsilon = n^-C\n");
  for (const SweepJson& j : lines) {
    fmt::print("{:<6} {:<6} {:<18} n={:<7} d={:<4} kappa={:<8.4f} ", j["record"].get<std::string>(),
               j["kind"].get<std::string>(), j["family"].get<std::string>(), j["n"].get<long>(),
               j["d"].get<long>(), j["kappa_decimal"].get<double>());
    if (j.contains("missed")) fmt::print("{}\n", j["missed"].get<std::string>());
    else if (j["record"] == "time") {
      const SweepJson timing = j.contains("timing") ? j["timing"] : SweepJson::object();
      const auto seconds = [&](const char* key) {
        return timing.contains(key) && timing[key].is_number()
                   ? fmt::format("{:.4g} s", timing[key].get<double>())
                   : std::string("none");
      };
      fmt::print("rank {:<8} polynomial {:<10} exact {:<10}\n",
                 j["polynomial"].contains("rank") ? j["polynomial"]["rank"].dump() : "-",
                 seconds("polynomial"), seconds("exact"));
    } else if (j["record"] == "rank") {
      fmt::print("every V {} … {}, relative {} … {}{}\n", j["every_v"]["at_least"].get<long>(),
                 j["every_v"]["at_most"].get<long>(), j["relative"]["at_least"].get<long>(),
                 j["relative"]["at_most"].get<long>(),
                 j.contains("probe_rows")
                     ? fmt::format(" (from below by {} rows)", j["probe_rows"].get<long>())
                     : "");
    } else {
      for (const SweepJson& r : j["ranks"])
        fmt::print("rank {}: svd {}, polynomial {}; ", r["rank"].get<long>(), r["svd"].dump(),
                   r["polynomial"].dump());
      fmt::print("exact {}\n", j["exact"].dump());
    }
  }
}

ExitStatus answer_dry_run(const std::vector<SweepTask>& tasks, double workers, const Options& options) {
  double seconds = 0;
  for (const SweepTask& task : tasks) seconds += task.seconds.value;
  if (!is_first_rank()) return ExitStatus::answered;
  if (options.json)
    print_json({{"tasks", tasks.size()}, {"seconds_estimate", seconds / workers}, {"workers", workers}});
  else
    fmt::print("{} tasks, about {:.1f} s, {:.0f} at a time (an estimate)\n", tasks.size(), seconds / workers,
               workers);
  return ExitStatus::answered;
}

void write_files(const std::map<std::string, std::string>& files, const Options& options) {
  for (const auto& [name, text] : files) write_file_atomically(fs::path(options.out) / name, text);
}

/// Tasks one at a time on a rank, each with all threads: a measurement does not share its machine.
ExitStatus run_measured(const Options& options, ThreadCount threads) {
  const MeasuredGrid grid = measured_grid(options, threads);
  const std::vector<SweepTask> tasks = measured_tasks(grid);
  if (options.dry_run) return answer_dry_run(tasks, static_cast<double>(rank_count()), options);
  std::vector<SweepJson> lines = run_sweep(tasks, options, {1});
  if (!is_first_rank()) return ExitStatus::answered;
  SweepJson result = {
      {"kind", options.kind}, {"mode", "measured"}, {"seed", options.seed}, {"records", lines}};
  if (!options.out.empty()) {
    std::map<std::string, std::string> files{{"phase.json", result.dump(2) + "\n"}};
    lines = with_timings(std::move(lines), fs::path(options.out) / "timings.jsonl");
    files["measured.csv"] = measured_csv(lines);
    for (const MeasuredFigure& f : measured_figures(lines, threshold_curves(grid)))
      files.merge(figure_files(f.figure, f.name, "Measured: " + f.name.substr(9), f.caption));
    write_files(files, options);
  }
  if (options.json) print_json(result);
  else print_measured(lines);
  return ExitStatus::answered;
}

ExitStatus run_theory(const Options& options, ThreadCount threads) {
  const std::vector<SweepTask> tasks = theory_tasks(theory_grid(options));
  if (options.dry_run)
    return answer_dry_run(tasks, threads.value + static_cast<double>(rank_count() - 1), options);
  const std::vector<SweepJson> lines = run_sweep(tasks, options, threads);
  if (!is_first_rank()) return ExitStatus::answered;

  SweepJson result = {{"kind", options.kind},
                      {"problem", options.problem},
                      {"mode", options.mode},
                      {"c", options.c},
                      {"C", options.C}};
  for (const auto& [list, record] : {std::pair("points", "point"), std::pair("kappa_star", "kappa_star"),
                                     std::pair("crossovers", "crossover")}) {
    result[list] = SweepJson::array();
    for (const SweepJson& line : lines)
      if (line.at("record") == record) result[list].push_back(line);
  }
  if (!options.out.empty()) {
    std::map<std::string, std::string> files = tables(lines);
    files["phase.json"] = result.dump(2) + "\n";
    files.merge(theory_figures(lines));
    write_files(files, options);
  }
  if (options.json) print_json(result);
  else print_tables(lines);
  return ExitStatus::answered;
}

ExitStatus run(const Options& options) {
  if (options.resume && options.out.empty())
    throw InputError("--resume", "a sweep's directory in --out", "none");
  const ThreadCount threads = options.threads > 0 ? ThreadCount{options.threads}
                              : rank_count() > 1  ? ThreadCount{1}
                                                  : all_cores();
  return options.mode == "theory" ? run_theory(options, threads) : run_measured(options, threads);
}

}  // namespace

Command add_phase(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("phase", "the threshold: exponent of the cost against kappa = B/(log n)^(1/p)");
  auto options = std::make_shared<Options>();
  command->add_option("--kind", options->kind)
      ->check(CLI::IsMember({"matrix", "tensor", "both"}))
      ->capture_default_str();
  command->add_option("--mode", options->mode)
      ->check(CLI::IsMember({"theory", "measured"}))
      ->capture_default_str();
  command
      ->add_option("--problem", options->problem,
                   "forward, or the loss gradient, whose rank is d^(p-1) times larger")
      ->check(CLI::IsMember({"forward", "gradient"}))
      ->capture_default_str();
  command->add_option("--n", options->n, "numbers of tokens: 4096, 2^400, e^1000 (default 2^10 to e^1000)")
      ->delimiter(',');
  command->add_option("--kappa", options->kappa, "LO:HI:COUNT, LO*HI*COUNT (in ratios) or a list");
  command->add_option("--B", options->B, "entries, in place of kappa");
  command->add_option("--c", options->c, "d = c log n; a number, list or LO:HI:COUNT")->capture_default_str();
  command->add_option("--C", options->C, "relative error n^-C; likewise")->capture_default_str();
  command->add_option("--records", options->records, "measured: what is measured; see docs/threshold.md")
      ->delimiter(',')
      ->check(CLI::IsMember({"time", "rank", "decide"}))
      ->capture_default_str();
  command->add_option("--families", options->families, "measured: random and hard families")
      ->delimiter(',')
      ->check(CLI::IsMember({"random", "light-bulb", "planted-orthogonal", "planted-gap"}))
      ->capture_default_str();
  command->add_option("--ranks", options->ranks, "measured: fixed ranks that decide hard instances")
      ->delimiter(',')
      ->check(CLI::Range(1L, 1L << 16))
      ->capture_default_str();
  command
      ->add_option("--rank-n", options->rank_n,
                   "measured: largest n whose whole attention matrix gives its epsilon-rank (tensor: 64)")
      ->check(CLI::Range(2L, 1L << 13))
      ->capture_default_str();
  command
      ->add_option("--probe-rows", options->probe_rows,
                   "measured: beyond --rank-n, rows that bound the epsilon-rank from below")
      ->check(CLI::Range(1L, 1L << 12))
      ->capture_default_str();
  command
      ->add_option("--decide-n", options->decide_n, "measured: largest n of instances to decide (tensor: 64)")
      ->check(CLI::Range(2L, 1L << 12))
      ->capture_default_str();
  command->add_option("--rows", options->rows, "measured: most queries that are timed; beyond, scaled")
      ->check(CLI::Range(1L, 1L << 20))
      ->capture_default_str();
  command->add_option("--repeats", options->repeats, "measured: hard instances a point")
      ->check(CLI::Range(1L, 1000L))
      ->capture_default_str();
  command->add_flag("--crossover", options->crossover, "also where along n = 2, 4, …, 2^400 the method pays");
  command
      ->add_option("--exchange", options->exchange,
                   "least degrees up to this are found exactly, by exchange; beyond, within the sandwich")
      ->check(CLI::Range(1L, 1500L))
      ->capture_default_str();
  command->add_option("--rate", options->rate, "operations a second, for the estimated time")
      ->capture_default_str();
  command->add_option(
      "--out", options->out,
      "folder for phase.jsonl, phase.json, tables (csv) and figures (svg, html, tex with csv)");
  command->add_flag("--resume", options->resume, "keep the tasks that DIR/phase.jsonl already has");
  command->add_flag("--dry-run", options->dry_run, "only the number of tasks and the estimated time");
  command->footer(
      "Spread over machines: mpirun -n 8 attnbounds phase … --out DIR\n\n"
      "Examples:\n"
      "  attnbounds phase --kind both --n 2^20,2^400 --kappa '1/8*2*16' --out threshold\n"
      "  attnbounds phase --mode measured --n 2^6 --kappa 1/2 --families light-bulb \\\n"
      "    --ranks 16 --out measured");
  add_common_options(*command, *options);
  return {command, [options] { return run(*options); }};
}

}  // namespace attnbounds
