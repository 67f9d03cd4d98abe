// Which rules must a plugin keep? The table of rules, in the order of checks, with what each builds on and how to fix a
// violation.
#pragma once

#include "trial/trial.h"
#include "validate/subject.h"

#include <string>
#include <vector>

namespace p2p::host {

struct Rule {
  std::string name;                                        // one word, for people and programs
  Verdict (*check)(const Subject& subject, Trial& trial);  // runs in the child of a trial
  std::string needs;         // rules before it that must hold, or it is skipped; with spaces between
  std::string needs_return;  // rules before it whose check must have returned, whatever it found; with spaces between
  std::string mend;          // how to fix a violation; an imperative
};

const std::vector<Rule>& rules();

// From the file's bytes and place; none of its code runs.
Verdict check_file(const Subject& subject, Trial& trial);
Verdict check_place(const Subject& subject, Trial& trial);
Verdict check_stamp(const Subject& subject, Trial& trial);
Verdict check_descriptor(const Subject& subject, Trial& trial);
Verdict check_name(const Subject& subject, Trial& trial);
Verdict check_exports(const Subject& subject, Trial& trial);
Verdict check_unique(const Subject& subject, Trial& trial);
Verdict check_needed(const Subject& subject, Trial& trial);

// What happens when it is loaded and configured.
Verdict check_symbols(const Subject& subject, Trial& trial);
Verdict check_constructors(const Subject& subject, Trial& trial);
Verdict check_entry(const Subject& subject, Trial& trial);
Verdict check_configure(const Subject& subject, Trial& trial);
Verdict check_options(const Subject& subject, Trial& trial);

// What it does in a node.
Verdict check_requires(const Subject& subject, Trial& trial);
Verdict check_lifecycle(const Subject& subject, Trial& trial);
Verdict check_leftovers(const Subject& subject, Trial& trial);
Verdict check_serves(const Subject& subject, Trial& trial);

}  // namespace p2p::host
