// What a paper prints, checked against the program: a claims file lists numbers, figures and statements, each
// with the exact command that gives it (docs/reviewer.md has the format). A printed decimal must be the
// correct rounding of what the command proves; a figure must come out byte for byte.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "numeric/proved.hpp"
#include "report/run_record.hpp"

namespace attnbounds {

/// What a verdict on an item rests on, as in CLAIMS.md.
enum class Basis { proved, checked, statistical, open };
const char* name(Basis basis);

struct PaperItem {
  enum class Kind { number, figure, statement } kind = Kind::number;
  std::string label, place;           // file:line
  std::vector<std::string> commands;  // in order; the last one answers
  std::string printed;                // number: a decimal, p/q or a word
  enum class Sense { rounded, at_most, at_least } sense = Sense::rounded;
  std::vector<std::string> fields;  // JSON pointers into the answer: one, or the two ends of an enclosure
  std::string file, sha256;         // figure
  std::string claim, card;          // statement
};
struct PaperClaims {
  std::string title;
  std::vector<PaperItem> items;
};

/// Errors: InputError with file and line.
PaperClaims paper_claims_from_text(const std::string& text, const std::string& file);

/// Is `printed` the rounding of a value in [lower, upper]: to nearest at its last digit (either neighbour of
/// a tie), or a bound of it? Undecided where the enclosure is too wide to tell. Exact rationals p/q must be
/// equal.
Verdict is_rounding_of(const std::string& printed, PaperItem::Sense sense, const Rational& lower,
                       const Rational& upper, const std::string& place);

/// The exit status and the output of `attnbounds WORDS`, run in `folder`.
struct CommandAnswer {
  int status = 0;
  std::string output, errors;
};
using RunCommand =
    std::function<CommandAnswer(const std::vector<std::string>& words, const std::filesystem::path& folder)>;
/// proved, checked, … of a claim of the catalogue. Errors: InputError.
using StandingOfClaim = std::function<std::string(const std::string& id)>;

struct PaperAnswer {
  PaperItem item;
  std::string derived;  // "in [4.36e-13, 4.37e-13]"
  Basis basis = Basis::open;
  Verdict verdict = Verdict::undecided;  // verified: it agrees
};
struct PaperReview {
  std::string title, claims_hash;
  std::vector<PaperAnswer> answers;
  Verdict verdict() const;  // refuted if one is, else undecided if one is
};

/// Runs every command once, in the order of the file, in a scratch folder that sees the entries of the claims
/// file's own folder. Errors: InputError naming the item whose command cannot answer.
PaperReview review_paper(const PaperClaims& claims, const std::filesystem::path& file, const RunCommand& run,
                         const StandingOfClaim& standing);

/// One page: badge.html, badge.md, badge.tex (to be \input), by the extension.
std::string badge_html(const PaperReview& review);
std::string badge_markdown(const PaperReview& review);
std::string badge_latex(const PaperReview& review);
std::string badge_text(const PaperReview& review);  // for a terminal
Json review_json(const PaperReview& review);

}  // namespace attnbounds
