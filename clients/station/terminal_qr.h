// A QR code as text for a terminal, two modules a character by half blocks. Thread-safe: no state.
#ifndef FENFEN_CLIENTS_STATION_TERMINAL_QR_H_
#define FENFEN_CLIENTS_STATION_TERMINAL_QR_H_

#include <string>

#include "absl/status/statusor.h"

namespace fenfen::station {

// The lines of the code, dark on light, with a quiet zone of two modules. InvalidArgument for text that does not fit a QR code.
absl::StatusOr<std::string> TerminalQr(const std::string& text);

}  // namespace fenfen::station

#endif  // FENFEN_CLIENTS_STATION_TERMINAL_QR_H_
