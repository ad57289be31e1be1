"""The pages: dashboard, console, one alert."""
