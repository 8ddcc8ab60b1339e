// attnbounds degree: the least degree whose polynomial approximates exp on [-X, X] to E, proved from both
// sides.
#include <cstdio>
#include <memory>

#include "cli/command.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "polynomial/certificate.hpp"

namespace attnbounds {
namespace {

struct Options : CommonOptions {
  std::string interval, epsilon, error = "relative", method = "auto", certificate;
};

// A sandwich takes over where an exchange (degree squared operations, several times) would take minutes.
constexpr long kLargestExchange = 1500;

Rational number(const std::string& text, const char* option, bool may_be_zero) {
  const Rational x = rational_from_text(text, option);
  if (x < 0 || (x == 0 && !may_be_zero))
    throw InputError(option, may_be_zero ? "a number >= 0" : "a number > 0", "'" + text + "'");
  return x;
}

nlohmann::ordered_json theory(const Rational& X, const Rational& epsilon, ErrorKind kind) {
  nlohmann::ordered_json promised = {{"formula", "max{X, L/log(max(L/X, e))}"},
                                     {"source", "Aggarwal, Alman 2022 (arXiv 2205.06249)"},
                                     {"value", degree_formula(X, epsilon, kind).value}};
  if (kind == ErrorKind::relative && X > 0 && epsilon < 1 && X <= 100000)
    promised["explicit_taylor_degree"] = explicit_taylor_degree(X, epsilon).value;
  return promised;
}

ExitStatus run(const Options& options) {
  const Rational X = number(options.interval, "--interval", true);
  const Rational epsilon = number(options.epsilon, "--eps", false);
  if (X > 100000000) throw InputError("--interval", "a number of at most 10^8", "'" + options.interval + "'");
  const ErrorKind kind = options.error == "relative" ? ErrorKind::relative : ErrorKind::absolute;
  std::string method = options.method;
  if (method == "auto") {
    const bool exchange = X == 0 || estimated_degree(X, epsilon, kind).value <= kLargestExchange;
    method = exchange ? "minimax" : "sandwich";
    if (!exchange && !options.quiet)
      std::fprintf(
          stderr, "attnbounds: a window from the Bessel sandwich (--method minimax insists on one degree)\n");
  }
  if (!options.certificate.empty() && method != "minimax")
    throw InputError("--certificate", "--method minimax", "--method " + method);

  const LeastDegree answer = method == "minimax"     ? least_degree(X, epsilon, kind)
                             : method == "chebyshev" ? least_chebyshev_degree(X, epsilon, kind)
                             : method == "taylor"    ? least_taylor_degree(X, epsilon, kind)
                                                     : least_degree_window(X, epsilon, kind);
  if (!options.certificate.empty()) {
    if (!answer.at) throw InputError("--interval", "X > 0 for a certificate", "'" + options.interval + "'");
    write_file_atomically(options.certificate,
                          least_degree_certificate(answer, X, epsilon, kind).dump(1) + "\n");
  }

  const nlohmann::ordered_json promised = theory(X, epsilon, kind);
  if (options.json) {
    nlohmann::ordered_json object = {
        {"degree", answer.degree.value}, {"error", enclosure_json(*answer.error)},
        {"error_below", nullptr},        {"method", method},
        {"error_kind", name(kind)},      {"interval", exact_text(X)},
        {"eps", exact_text(epsilon)},    {"degree_needed", answer.proved_needed.value},
        {"bound_theory", promised}};
    if (answer.error_below) object["error_below"] = enclosure_json(*answer.error_below);
    print_json(object);
    return ExitStatus::answered;
  }
  const auto show = [](const Interval& x) {
    return "[" + decimal_down(lower(x), 8) + ", " + decimal_up(upper(x), 8) + "]";
  };
  std::printf("exp on [-X, X], X = %s, %s error at most %s, by %s\n\n", options.interval.c_str(), name(kind),
              options.epsilon.c_str(), method.c_str());
  if (answer.proved_needed == answer.degree) std::printf("  least degree    %ld\n", answer.degree.value);
  else
    std::printf("  least degree    at least %ld, at most %ld\n", answer.proved_needed.value,
                answer.degree.value);
  std::printf("  error           %s at degree %ld\n", show(*answer.error).c_str(), answer.degree.value);
  if (answer.error_below) std::printf("  one degree less %s\n", show(*answer.error_below).c_str());
  std::printf("  theory          %s = %.2f\n", promised["formula"].get<std::string>().c_str(),
              promised["value"].get<double>());
  if (promised.contains("explicit_taylor_degree"))
    std::printf("                  explicit Taylor degree (Theorem U) %ld\n",
                promised["explicit_taylor_degree"].get<long>());
  if (!options.certificate.empty())
    std::printf("  certificate     %s (attnbounds-check re-proves it)\n", options.certificate.c_str());
  return ExitStatus::answered;
}

}  // namespace

Command add_degree(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("degree", "the least degree of a polynomial that approximates exp on [-X, X]");
  auto options = std::make_shared<Options>();
  command->add_option("--interval", options->interval, "X, exact: 12, 1e-3, 5/2, 0x1.8p-3")->required();
  command->add_option("--eps", options->epsilon, "the error allowed, exact: 1e-12, 1/1000")->required();
  command->add_option("--error", options->error, "relative |P e^-x - 1| or absolute |P - e^x|")
      ->check(CLI::IsMember({"relative", "absolute"}))
      ->capture_default_str();
  command
      ->add_option("--method", options->method,
                   "minimax; the first chebyshev or taylor section; a sandwich; auto")
      ->check(CLI::IsMember({"auto", "minimax", "chebyshev", "taylor", "sandwich"}))
      ->capture_default_str();
  command->add_option("--certificate", options->certificate, "write the proof here, for attnbounds-check");
  command->footer(
      "Examples:\n"
      "  attnbounds degree --interval 12 --eps 1e-12 --certificate proof.json\n"
      "  attnbounds-check proof.json\n"
      "  attnbounds degree --interval 5/2 --eps 1/1000 --error absolute --json");
  add_common_options(*command, *options);
  return {command, [options] { return run(*options); }};
}

}  // namespace attnbounds
