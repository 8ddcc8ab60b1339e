#include "cli/verify_card.hpp"

#include <fmt/format.h>

#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "numeric/exact_text.hpp"
#include "proofs_check/card/check.hpp"
#include "report/report.hpp"

namespace attnbounds {
namespace {

/// Two files of one name are two cards: their ids must differ.
void needs_different_names(const std::vector<std::string>& files) {
  std::map<std::string, std::string> known;
  for (const std::string& file : files) {
    const auto [other, inserted] = known.emplace(std::filesystem::path(file).stem().string(), file);
    if (!inserted) throw InputError(file, "cards with different names", "the name of " + other->second);
  }
}

void print_card(const CardResult& r) {
  const Json entry = card_entry(r);
  say("{}{}\n", r.claim.id, r.card->title.empty() ? "" : ": " + r.card->title);
  if (!r.card->source.empty()) say("  source    {}\n", r.card->source);
  say("  claim     {}\n", r.claim.statement);
  const std::string slack = entry.at("slack").is_null()
                                ? ""
                                : ", slack at least " + entry.at("slack").at("lower").get<std::string>();
  const std::string searched =
      r.searched == 0 ? "" : fmt::format(" ({} more examined by the search)", r.searched);
  const auto instance = [&] {
    return r.result.worst ? r.result.worst->instance.at("LaTeX").get<std::string>() : "";
  };
  switch (r.result.verdict) {
    case Verdict::verified:
      say("  {} on {}{} instances{}{}\n", in_colour("holds"),
          r.coverage == Coverage::every_instance ? "all " : "", r.result.instances, searched, slack);
      break;
    case Verdict::refuted:
      say("  {} by this instance{}\n", in_colour("REFUTED"),
          r.result.worst && r.result.worst->shrink_steps > 0
              ? fmt::format(" (shrunk in {} steps)", r.result.worst->shrink_steps)
              : "");
      break;
    case Verdict::undecided:
      if (r.result.instances == 0) say("  undecided: no instance satisfies the hypotheses\n");
      else say("  undecided within the precision allowed on some of {} instances\n", r.result.instances);
      break;
  }
  if (r.result.worst) {
    const Compared& compared = r.result.worst->compared;
    const auto side = [](const Interval& x) {
      return is_finite(x) ? "in [" + decimal_down(lower(x), 8) + ", " + decimal_up(upper(x), 8) + "]"
                          : "unbounded";
    };
    const std::string left = compared.exact ? compared.exact->first.str() : side(compared.decision.left);
    const std::string right = compared.exact ? compared.exact->second.str() : side(compared.decision.right);
    say("  {}  {}\n", r.result.verdict == Verdict::refuted ? "instance" : "worst   ", instance());
    say("            left {}, right {}\n", left, right);
  }
  if (r.result.ratio && r.twin && r.twin->factor != 1) say("  left/right at most {:.6g}\n", *r.result.ratio);
  say("  twin      {}: {}\n", r.claim.twin.name, r.result.twin_refuted() ? "refuted" : "not refuted");
}

Verdict verdict_of(const CardResult& r) {
  if (r.result.instances == 0) return Verdict::undecided;
  // A twin that stands means a check that cannot fail, as in `verify`.
  return r.result.verdict == Verdict::verified && !r.result.twin_refuted() ? Verdict::refuted
                                                                           : r.result.verdict;
}

/// The log of a run whose claims are these cards, and the report.
void write_report_of(const std::vector<CardResult>& results, const RunSettings& settings,
                     const std::filesystem::path& out) {
  std::vector<const Claim*> planned;
  for (const CardResult& r : results) planned.push_back(&r.claim);
  RunLog log(out, settings, planned, RunLog::Resume::no);
  for (const CardResult& r : results) {
    Json line = log_line(r.claim, r.result);
    line["paper"] = "";  // none of the catalogue's
    line["source"] =
        r.card->title + (r.card->title.empty() || r.card->source.empty() ? "" : ", ") + r.card->source;
    log.append(line);
  }
  write_report(out, {ReportFormat::html, ReportFormat::markdown, ReportFormat::csv});
}

}  // namespace

ExitStatus verify_cards(const std::vector<std::string>& files, const RunSettings& settings,
                        const std::string& out, const CommonOptions& options) try {
  needs_different_names(files);
  std::vector<Card> cards;  // all are read before any is checked
  for (const std::string& file : files) cards.push_back(card_of_file(file));
  std::vector<CardResult> results;
  {
    Progress progress(options.quiet ? Progress::Mode::silent : Progress::Mode::automatic);
    for (std::size_t i = 0; i < files.size(); ++i)
      results.push_back(
          check_card(cards[i], card_id(files[i]), settings, [&](std::size_t done, std::size_t count) {
            progress.at((static_cast<double>(i) + static_cast<double>(done) / static_cast<double>(count)) /
                            static_cast<double>(files.size()),
                        files[i]);
          }));
  }
  if (!out.empty()) write_report_of(results, settings, out);
  ExitStatus status = ExitStatus::answered;
  Json list = Json::array();
  for (const CardResult& r : results) {
    if (options.json) list.push_back(card_entry(r));
    else print_card(r);
    const Verdict verdict = verdict_of(r);
    if (verdict == Verdict::refuted) status = ExitStatus::refuted;
    else if (verdict == Verdict::undecided && status == ExitStatus::answered) status = ExitStatus::undecided;
  }
  if (options.json)
    print_json({{"seed", settings.seed},
                {"level", name(settings.level)},
                {"versions", versions()},
                {"claims", list}});
  else {
    fmt::print("seed {}, level {}\n", settings.seed, name(settings.level));
    if (!out.empty()) fmt::print("report: {}\n", (std::filesystem::path(out) / "report.html").string());
  }
  return status;
} catch (const CardError& error) {
  if (!error.excerpt.empty()) fmt::print(stderr, "{}\n", error.excerpt);
  throw;
}

}  // namespace attnbounds
