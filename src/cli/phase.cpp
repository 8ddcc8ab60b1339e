// attnbounds phase: the exponent of the polynomial method against kappa, and kappa* where it stops paying.
// A point is a line of DIR/phase.jsonl, appended as it comes, in a fixed order: --resume keeps whole lines.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "cli/command.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "phase/exponent.hpp"

namespace attnbounds {
namespace {

struct Options : CommonOptions {
  std::string kind = "matrix", mode = "theory", problem = "forward", kappa = "1/16:1:16", c = "1", C = "1",
              out;
  std::vector<std::string> n = {"2^10", "2^20", "2^30", "2^40", "2^100", "2^400", "e^1000"};
  bool resume = false, dry_run = false;
};

Rational positive(const std::string& text, const char* option) {
  const Rational x = rational_from_text(text, option);
  if (x <= 0) throw InputError(option, "a number > 0", "'" + text + "'");
  return x;
}

/// "LO:HI:COUNT", equally spaced and exact, or a list "1/4,1/2,1".
std::vector<Rational> kappa_grid(const std::string& text) {
  std::vector<Rational> grid;
  std::vector<std::string> parts;
  const char separator = text.find(':') != std::string::npos ? ':' : ',';
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  if (separator == ',') {
    for (const std::string& part : parts) grid.push_back(rational_from_text(part, "--kappa"));
  } else {
    if (parts.size() != 3) throw InputError("--kappa", "LO:HI:COUNT or a list", "'" + text + "'");
    const Rational low = rational_from_text(parts[0], "--kappa"),
                   high = rational_from_text(parts[1], "--kappa"),
                   count = rational_from_text(parts[2], "--kappa");
    if (denominator(count) != 1 || count < 2 || count > 100000 || high <= low)
      throw InputError("--kappa", "LO < HI and a whole COUNT from 2 to 100000", "'" + text + "'");
    for (Rational i = 0; i < count; i += 1) grid.push_back(low + (high - low) * i / (count - 1));
  }
  for (const Rational& kappa : grid)
    if (kappa < 0) throw InputError("--kappa", "numbers >= 0", "'" + text + "'");
  if (grid.empty()) throw InputError("--kappa", "at least one number", "'" + text + "'");
  return grid;
}

nlohmann::ordered_json record(const PhasePoint& point, const PhaseValue& value) {
  const WorkingPrecision precision(Bits{128});
  const Interval log10_rank = log(enclose(Rational(value.rank))) / log(Interval(10));
  return {{"kind", name(point.kind)},
          {"problem", name(point.problem)},
          {"n", point.n.text},
          {"log_n", enclosure_json(point.n.log(), 12)},
          {"c", exact_text(point.c)},
          {"C", exact_text(point.C)},
          {"kappa", exact_text(point.kappa)},
          {"kappa_decimal", nearest(point.kappa)},
          {"d", value.dimension},
          {"half_width", nearest(value.half_width)},
          {"degree", value.degree.value},
          {"degree_needed", value.degree_needed.value},
          {"log10_rank", enclosure_json(log10_rank, 12)},
          {"exponent", enclosure_json(value.exponent, 12)},
          {"pays", name(value.pays)},
          {"limit_exponent_estimate",
           limit_exponent(point.kind, nearest(point.kappa), nearest(point.c), nearest(point.C)).value}};
}

/// Whole lines of an earlier log; a cut last line is dropped.
std::vector<std::string> whole_lines(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  const std::string text = read_file(path);
  for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    lines.push_back(text.substr(at, end - at));
  return lines;
}

ExitStatus run(const Options& options) {
  const AttentionKind kind = options.kind == "matrix" ? AttentionKind::matrix : AttentionKind::tensor;
  PhasePoint base{kind,
                  options.problem == "forward" ? Problem::forward : Problem::gradient,
                  {},
                  0,
                  positive(options.c, "--c"),
                  positive(options.C, "--C")};
  std::vector<PhasePoint> points;
  for (const std::string& n : options.n)
    for (const Rational& kappa : kappa_grid(options.kappa)) {
      points.push_back(base);
      points.back().n = token_count(n, "--n");
      points.back().kappa = kappa;
    }
  if (options.dry_run) {
    std::printf("%zu points, %zu values of kappa*\n", points.size(), options.n.size());
    return ExitStatus::answered;
  }

  const std::filesystem::path folder = options.out;
  std::vector<std::string> lines;
  std::ofstream log;
  if (!options.out.empty()) {
    std::filesystem::create_directories(folder);
    const std::filesystem::path path = folder / "phase.jsonl";
    if (options.resume && std::filesystem::exists(path)) lines = whole_lines(path);
    std::string kept;
    for (const std::string& line : lines) kept += line + "\n";
    write_file_atomically(path, kept);
    log.open(path, std::ios::app);
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    const nlohmann::json line = nlohmann::json::parse(lines[i], nullptr, false);
    if (i >= points.size() || line.is_discarded() || line.value("n", "") != points[i].n.text ||
        line.value("kappa", "") != exact_text(points[i].kappa) || line.value("kind", "") != options.kind ||
        line.value("problem", "") != options.problem || line.value("c", "") != exact_text(points[i].c) ||
        line.value("C", "") != exact_text(points[i].C))
      throw InputError((folder / "phase.jsonl").string() + ":" + std::to_string(i + 1),
                       "a point of this sweep", "another one; choose another --out or leave out --resume");
  }
  for (size_t i = lines.size(); i < points.size(); ++i) {
    lines.push_back(record(points[i], phase_value(points[i])).dump());
    if (log.is_open()) log << lines.back() << std::endl;
  }

  nlohmann::ordered_json result = {
      {"kind", options.kind},
      {"problem", options.problem},
      {"mode", "theory"},
      {"c", exact_text(base.c)},
      {"C", exact_text(base.C)},
      {"kappa_star", nlohmann::ordered_json::array()},
      {"limit_kappa_star_estimate", limit_kappa_star(kind, nearest(base.c), nearest(base.C)).value},
      {"points", nlohmann::ordered_json::array()}};
  std::string csv = "kind,problem,n,c,C,kappa_star_pays,kappa_star_does_not_pay\n";
  for (const std::string& n : options.n) {
    base.n = token_count(n, "--n");
    const KappaStar star = kappa_star(base, Rational(1, 1000));
    result["kappa_star"].push_back({{"n", n},
                                    {"pays", exact_text(star.pays)},
                                    {"pays_decimal", round_down(star.pays)},
                                    {"does_not_pay", exact_text(star.does_not_pay)},
                                    {"does_not_pay_decimal", round_up(star.does_not_pay)}});
    std::ostringstream row;
    row.precision(10);
    row << options.kind << ',' << options.problem << ',' << n << ',' << options.c << ',' << options.C << ','
        << round_down(star.pays) << ',' << round_up(star.does_not_pay) << '\n';
    csv += row.str();
  }
  for (const std::string& line : lines) result["points"].push_back(nlohmann::ordered_json::parse(line));
  if (!options.out.empty()) {
    write_file_atomically(folder / "kappa_star.csv", csv);
    write_file_atomically(folder / "phase.json", result.dump(2) + "\n");
  }
  if (options.json) {
    print_json(result);
    return ExitStatus::answered;
  }
  std::printf("%s attention, %s: d = %s log n, B = kappa (log n)^(1/%ld), error n^-%s\n\n",
              options.kind.c_str(), options.problem.c_str(), options.c.c_str(), order(kind),
              options.C.c_str());
  std::printf("%-10s %8s %9s %8s %8s %12s %10s %10s\n", "n", "kappa", "d", "degree", "(needed)", "log10 rank",
              "exponent", "limit");
  for (const auto& p : result["points"])
    std::printf("%-10s %8.4f %9ld %8ld %8ld %12.4f %10.5f %10.5f\n", p["n"].get<std::string>().c_str(),
                p["kappa_decimal"].get<double>(), p["d"].get<long>(), p["degree"].get<long>(),
                p["degree_needed"].get<long>(), std::stod(p["log10_rank"]["upper"].get<std::string>()),
                std::stod(p["exponent"]["upper"].get<std::string>()),
                p["limit_exponent_estimate"].get<double>());
  std::printf("\nkappa*: the method pays below the first number, proved, and does not above the second\n");
  for (const auto& star : result["kappa_star"])
    std::printf("  %-10s %10.6f %10.6f\n", star["n"].get<std::string>().c_str(),
                star["pays_decimal"].get<double>(), star["does_not_pay_decimal"].get<double>());
  std::printf("  %-10s %10.6f (estimate)\n", "limit", result["limit_kappa_star_estimate"].get<double>());
  return ExitStatus::answered;
}

}  // namespace

Command add_phase(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("phase", "the threshold: exponent of the cost against kappa = B/(log n)^(1/p)");
  auto options = std::make_shared<Options>();
  command->add_option("--kind", options->kind)
      ->check(CLI::IsMember({"matrix", "tensor"}))
      ->capture_default_str();
  command->add_option("--mode", options->mode, "theory (measured: not built yet)")
      ->check(CLI::IsMember({"theory"}))
      ->capture_default_str();
  command
      ->add_option("--problem", options->problem,
                   "forward, or the loss gradient, whose rank is d^(p-1) times larger")
      ->check(CLI::IsMember({"forward", "gradient"}))
      ->capture_default_str();
  command->add_option("--n", options->n, "numbers of tokens: 4096, 2^400, e^1000")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--kappa", options->kappa, "LO:HI:COUNT or a list")->capture_default_str();
  command->add_option("--c", options->c, "d = c log n")->capture_default_str();
  command->add_option("--C", options->C, "relative error n^-C")->capture_default_str();
  command->add_option("--out", options->out, "folder for phase.jsonl, phase.json, kappa_star.csv");
  command->add_flag("--resume", options->resume, "keep the points that DIR/phase.jsonl already has");
  command->add_flag("--dry-run", options->dry_run, "only count the points");
  command->footer(
      "Example: attnbounds phase --kind tensor --n 2^20,2^400 --kappa 1/8:2:16 --out phase-tensor");
  add_common_options(*command, *options);
  return {command, [options] { return run(*options); }};
}

}  // namespace attnbounds
