// Which verbs are there? One function per group; each adds its verbs to the command line, and the verb given sets
// session.verb.
#pragma once

#include "ctl/session.h"

namespace CLI {
class App;
}

namespace p2p::ctl {

// Adds a verb; when it is given, `run` becomes session.verb.
CLI::App* add_verb(CLI::App& app, Session& session, const std::string& name, const std::string& help,
                   std::function<ExitCode(const Session&)> run);

void add_store_verbs(CLI::App& app, Session& session);          // put get delete cas prime verify
void add_scan_verb(CLI::App& app, Session& session);            // scan
void add_copy_verb(CLI::App& app, Session& session);            // copy
void add_ring_verbs(CLI::App& app, Session& session);           // members locate map ring
void add_cluster_verbs(CLI::App& app, Session& session);        // agreement plan watch
void add_why_verb(CLI::App& app, Session& session);             // why
void add_doctor_verb(CLI::App& app, Session& session);          // doctor
void add_cluster_admin_verbs(CLI::App& app, Session& session);  // remove weight
void add_recover_verb(CLI::App& app, Session& session);         // recover
void add_node_verbs(CLI::App& app, Session& session);           // ping status services receipts
void add_admin_verbs(CLI::App& app, Session& session);          // leave stop
void add_change_verbs(CLI::App& app, Session& session);         // enable disable reload
void add_bench_verb(CLI::App& app, Session& session);           // bench
void add_lab_verb(CLI::App& app, Session& session);             // lab

}  // namespace p2p::ctl
