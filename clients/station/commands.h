// The commands of fenfen-station: keygen, enqueue, run, status, code.
#ifndef FENFEN_CLIENTS_STATION_COMMANDS_H_
#define FENFEN_CLIENTS_STATION_COMMANDS_H_

namespace CLI {
class App;
}

namespace fenfen::station {

// Adds every command; the one that runs leaves its exit code: 0 done, 1 refused, 2 could not be tried.
void AddCommands(CLI::App& app, int* exit_code);

}  // namespace fenfen::station

#endif  // FENFEN_CLIENTS_STATION_COMMANDS_H_
